-- Counters and integer arithmetic shared by all engines: the same rules as quant_model/formats.py.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

package arithmetic is

  -- Bits of a counter that runs 0 .. count - 1; at least one.
  function counter_bits (count : positive) return positive;

  function maximum_of (left : integer; right : integer) return integer;

  -- Stages of a multiplier in LUTs: one row for each bit of the narrower factor.
  function multiplier_stages (x_bits : positive; w_bits : positive) return positive;

  -- Clocks from a group's last product to its result.
  function lane_latency (multiplier : string; x_bits : positive; w_bits : positive) return positive;

  -- The next value of a counter that may be told to go up and down in the same clock.
  function counted (count : unsigned; up : std_logic; down : std_logic) return unsigned;

  -- The next value of a counter that runs 0 .. last and round again.
  function following (count : unsigned; last : natural) return unsigned;

  -- What a rescale adds before it drops SHIFT bits: half of the last kept bit.
  function rounding (shift : integer; bits : positive) return signed;

  -- Drop SHIFT bits (negative: append zeros) and saturate to BITS bits. The caller has already added
  -- rounding(SHIFT), so that this is "round half up, then saturate".
  function shift_saturate (
    value : signed; shift : integer; bits : positive; is_signed : boolean
  ) return std_logic_vector;

end package arithmetic;

package body arithmetic is

  function counter_bits (count : positive) return positive is
    variable bits  : positive := 1;
    variable limit : positive := 2;
  begin
    while limit < count loop
      bits  := bits + 1;
      limit := limit * 2;
    end loop;
    return bits;
  end function counter_bits;

  function maximum_of (left : integer; right : integer) return integer is
  begin
    if left > right then
      return left;
    end if;
    return right;
  end function maximum_of;

  function multiplier_stages (x_bits : positive; w_bits : positive) return positive is
  begin
    if x_bits > work.pipeline.ROWS_PER_STAGE and w_bits > work.pipeline.ROWS_PER_STAGE then
      return 2;
    end if;
    return 1;
  end function multiplier_stages;

  function lane_latency (multiplier : string; x_bits : positive; w_bits : positive) return positive is
  begin
    if multiplier = "dsp" then
      return work.pipeline.MAC_DSP;
    end if;
    return work.pipeline.MAC_LUT + multiplier_stages(x_bits, w_bits) - 1;
  end function lane_latency;

  function counted (count : unsigned; up : std_logic; down : std_logic) return unsigned is
  begin
    if up = '1' and down = '0' then
      return count + 1;
    elsif up = '0' and down = '1' then
      return count - 1;
    end if;
    return count;
  end function counted;

  function following (count : unsigned; last : natural) return unsigned is
    constant ZERO : unsigned(count'range) := (others => '0');
  begin
    if count = last then
      return ZERO;
    end if;
    return count + 1;
  end function following;

  function rounding (shift : integer; bits : positive) return signed is
    variable result : signed(bits - 1 downto 0) := (others => '0');
  begin
    if shift > 0 then
      result(shift - 1) := '1';
    end if;
    return result;
  end function rounding;

  function shift_saturate (
    value : signed; shift : integer; bits : positive; is_signed : boolean
  ) return std_logic_vector is
    constant LEFT_SHIFT  : natural := maximum_of(-shift, 0);
    -- Never fewer bits than sign and one more: a shift may drop the whole value.
    constant RIGHT_SHIFT : natural := maximum_of(shift, 0);
    constant KEPT        : positive := maximum_of(value'length + LEFT_SHIFT - RIGHT_SHIFT, 1);
    -- One spare sign bit above the wider of value and target makes the range check uniform.
    constant WIDE        : positive := maximum_of(KEPT, bits) + 1;
    variable scaled      : signed(value'length + LEFT_SHIFT - 1 downto 0);
    variable wide_value  : signed(WIDE - 1 downto 0);
    variable result      : std_logic_vector(bits - 1 downto 0);
    variable fits        : boolean;
  begin
    scaled     := shift_left(resize(value, scaled'length), LEFT_SHIFT);
    wide_value := resize(shift_right(scaled, RIGHT_SHIFT), WIDE);
    result     := std_logic_vector(wide_value(bits - 1 downto 0));
    fits       := true;
    if is_signed then
      for index in bits to WIDE - 1 loop
        fits := fits and (wide_value(index) = wide_value(bits - 1));
      end loop;
      if not fits then
        result           := (others => not wide_value(WIDE - 1));
        result(bits - 1) := wide_value(WIDE - 1);
      end if;
    else
      for index in bits to WIDE - 2 loop
        fits := fits and wide_value(index) = '0';
      end loop;
      if wide_value(WIDE - 1) = '1' then
        result := (others => '0');
      elsif not fits then
        result := (others => '1');
      end if;
    end if;
    return result;
  end function shift_saturate;

end package body arithmetic;
