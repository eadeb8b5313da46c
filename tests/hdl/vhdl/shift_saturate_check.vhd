-- shift_saturate for every value of VALUE_BITS bits, every shift that hardware may see and every target.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity shift_saturate_check is
  generic (
    VALUE_BITS : positive := 6
  );
end entity shift_saturate_check;

architecture test of shift_saturate_check is
  -- value * 2**-shift rounded down.
  function scaled (value : integer; shift : integer) return integer is
  begin
    if shift <= 0 then
      return value * 2 ** (-shift);
    end if;
    return (value + 2 ** VALUE_BITS * 2 ** shift) / 2 ** shift - 2 ** VALUE_BITS;
  end function scaled;

  function clamped (value : integer; low : integer; high : integer) return integer is
  begin
    if value < low then
      return low;
    elsif value > high then
      return high;
    end if;
    return value;
  end function clamped;
begin

  process is
    variable checked     : natural := 0;
    variable value       : signed(VALUE_BITS - 1 downto 0);
    variable wanted, got : integer;
  begin
    for number in -2 ** (VALUE_BITS - 1) to 2 ** (VALUE_BITS - 1) - 1 loop
      value := to_signed(number, VALUE_BITS);
      for shift in -4 to VALUE_BITS + 1 loop
        for bits in 2 to VALUE_BITS + 2 loop
          wanted := clamped(scaled(number, shift), -2 ** (bits - 1), 2 ** (bits - 1) - 1);
          got    := to_integer(signed(shift_saturate(value, shift, bits, true)));
          assert got = wanted
            report "signed " & integer'image(number) & " by " & integer'image(shift) & " to " & integer'image(bits)
              & " bits: expected " & integer'image(wanted) & ", got " & integer'image(got)
            severity failure;
          wanted := clamped(scaled(number, shift), 0, 2 ** bits - 1);
          got    := to_integer(unsigned(shift_saturate(value, shift, bits, false)));
          assert got = wanted
            report "unsigned " & integer'image(number) & " by " & integer'image(shift) & " to "
              & integer'image(bits) & " bits: expected " & integer'image(wanted) & ", got " & integer'image(got)
            severity failure;
          checked := checked + 2;
        end loop;
      end loop;
    end loop;
    report integer'image(checked) & " values are right";
    wait;
  end process;

end architecture test;
