-- Integer arithmetic shared by all engines: the same rules as quant_model/formats.py.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

package arithmetic is

  -- Bits of a counter that runs 0 .. count - 1; at least one.
  function counter_bits (count : positive) return positive;

  function maximum_of (left : integer; right : integer) return integer;

  -- The next value of a counter that may be told to go up and down in the same clock.
  function counted (count : unsigned; up : boolean; down : boolean) return unsigned;

  -- Drop SHIFT bits (negative: append zeros) and saturate to BITS bits. The caller has already added the
  -- rounding constant 2**(SHIFT-1), so that this is "round half up, then saturate".
  function shift_saturate (
    value : signed; shift : integer; bits : positive; is_signed : boolean
  ) return std_logic_vector;

  -- Rows of the multiplier that multiply_first computes; multiply_last computes the others.
  constant ROWS_PER_STAGE : positive := 4;

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

  function counted (count : unsigned; up : boolean; down : boolean) return unsigned is
  begin
    if up and not down then
      return count + 1;
    elsif down and not up then
      return count - 1;
    end if;
    return count;
  end function counted;

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
