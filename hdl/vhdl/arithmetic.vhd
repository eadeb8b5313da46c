-- Counters and integer arithmetic shared by all engines: the same rules as quant_model/formats.py.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

package arithmetic is

  -- Bits of a counter that runs 0 .. count - 1; at least one.
  function counter_bits (count : positive) return positive;

  function to_std_logic (condition : boolean) return std_logic;

  function maximum_of (left : integer; right : integer) return integer;

  function minimum_of (left : integer; right : integer) return integer;

  -- Whether x is the factor of a multiplier in LUTs that is encoded; w is, unless x costs fewer carry chains (of as
  -- many, fewer LUTs, then fewer rows), has a sign, and rows for two stages at most.
  function encodes_x (x_bits : positive; x_signed : boolean; w_bits : positive) return boolean;

  -- Bits of the factor that is encoded.
  function booth_bits (x_bits : positive; x_signed : boolean; w_bits : positive) return positive;

  -- Register stages of a multiplier in LUTs; none where a single row goes straight into the accumulator.
  function multiplier_stages (x_bits : positive; x_signed : boolean; w_bits : positive) return natural;

  -- Clocks from a group's last product to its result.
  function lane_latency (
    multiplier : string; x_bits : positive; x_signed : boolean; w_bits : positive
  ) return positive;

  -- A row of a radix-4 Booth multiplier: -2 to 2 times the addend, by two bits of the encoded factor and the one below.
  -- Of a negative multiple it is the ones' complement: where `high` is set, a one is to be added.
  function booth_row (addend : signed; high : std_logic; middle : std_logic; low : std_logic) return signed;

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
    variable range_end : positive := 2;
  begin
    while range_end < count loop
      bits  := bits + 1;
      range_end := range_end * 2;
    end loop;
    return bits;
  end function counter_bits;

  function to_std_logic (condition : boolean) return std_logic is
  begin
    if condition then
      return '1';
    end if;
    return '0';
  end function to_std_logic;

  function maximum_of (left : integer; right : integer) return integer is
  begin
    if left > right then
      return left;
    end if;
    return right;
  end function maximum_of;

  function minimum_of (left : integer; right : integer) return integer is
  begin
    if left < right then
      return left;
    end if;
    return right;
  end function minimum_of;

  function encodes_x (x_bits : positive; x_signed : boolean; w_bits : positive) return boolean is
    -- More than any multiplier has.
    constant MOST_LUTS : positive := 1000;

    -- Carry chains first: a row has one for each four bits of its sum and one more, a single row the accumulator's.
    -- Then LUTs: a row has one for each bit of its sum, the lowest of an odd number one for each bit of the addend.
    function cost (encoded : positive; addend : positive) return natural is
      constant LUTS : natural := encoded / 2 * (addend + 1) + encoded mod 2 * addend;
    begin
      if encoded = 2 then
        return LUTS;
      end if;
      return encoded / 2 * ((addend + 5) / 4) * MOST_LUTS + LUTS;
    end function cost;

    constant X_COST : natural := cost(x_bits, w_bits);
    constant W_COST : natural := cost(w_bits, x_bits);
  begin
    return x_signed and x_bits > 1 and x_bits / 2 <= 2 * work.pipeline.ROWS_PER_STAGE
      and (X_COST < W_COST or (X_COST = W_COST and x_bits < w_bits));
  end function encodes_x;

  function booth_bits (x_bits : positive; x_signed : boolean; w_bits : positive) return positive is
  begin
    if encodes_x(x_bits, x_signed, w_bits) then
      return x_bits;
    end if;
    return w_bits;
  end function booth_bits;

  function multiplier_stages (x_bits : positive; x_signed : boolean; w_bits : positive) return natural is
    constant BITS : positive := booth_bits(x_bits, x_signed, w_bits);
  begin
    if BITS = 2 then
      return 0;
    end if;
    return (BITS / 2 + work.pipeline.ROWS_PER_STAGE - 1) / work.pipeline.ROWS_PER_STAGE;
  end function multiplier_stages;

  function lane_latency (
    multiplier : string; x_bits : positive; x_signed : boolean; w_bits : positive
  ) return positive is
  begin
    if multiplier = "dsp" then
      return work.pipeline.MAC_DSP;
    end if;
    return work.pipeline.MAC_LUT + multiplier_stages(x_bits, x_signed, w_bits);
  end function lane_latency;

  function booth_row (addend : signed; high : std_logic; middle : std_logic; low : std_logic) return signed is
    constant ONCE   : std_logic := middle xor low;
    constant TWICE  : std_logic := (high xor middle) and not ONCE;
    constant SINGLE : signed(addend'length downto 0) := resize(addend, addend'length + 1);
    constant DOUBLE : signed(addend'length downto 0) := addend & '0';
    variable row    : signed(addend'length downto 0);
  begin
    for index in row'range loop
      row(index) := ((ONCE and SINGLE(index)) or (TWICE and DOUBLE(index))) xor high;
    end loop;
    return row;
  end function booth_row;

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
