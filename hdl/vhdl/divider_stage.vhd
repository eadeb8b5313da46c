-- One bit of a non-restoring division: the remainder's sign is the quotient bit, and decides between adding and
-- subtracting the divisor. One clock; the remainder gets one bit shorter. See divider.vhd.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity divider_stage is
  generic (
    REMAINDER_BITS : positive;
    DIVISOR_BITS   : positive  -- the low REMAINDER_BITS - DIVISOR_BITS - 2 bits pass unchanged
  );
  port (
    clk            : in  std_logic;
    remainder      : in  signed(REMAINDER_BITS - 1 downto 0);
    divisor        : in  unsigned(DIVISOR_BITS - 1 downto 0);
    next_remainder : out signed(REMAINDER_BITS - 2 downto 0);
    next_divisor   : out unsigned(DIVISOR_BITS - 1 downto 0);
    quotient_bit   : out std_logic
  );
end entity divider_stage;

architecture rtl of divider_stage is
  constant LOW_BITS  : positive := REMAINDER_BITS - DIVISOR_BITS - 2;
  constant HIGH_BITS : positive := DIVISOR_BITS + 2;

  -- value - operand, or value + operand as value - (not operand) - 1: one carry chain, one LUT a bit.
  function add_or_subtract (value : signed; operand : unsigned; add : std_logic) return signed is
    variable subtrahend : signed(HIGH_BITS - 1 downto 0);
    variable sum        : signed(HIGH_BITS downto 0);
  begin
    subtrahend := signed(resize(operand, HIGH_BITS));
    if add = '1' then
      subtrahend := not subtrahend;
    end if;
    sum := (value & '0') - (subtrahend & add);
    return sum(HIGH_BITS downto 1);
  end function add_or_subtract;

  signal negative : std_logic;
  signal high     : signed(HIGH_BITS - 1 downto 0);
begin

  negative <= remainder(REMAINDER_BITS - 1);
  high     <= add_or_subtract(remainder(REMAINDER_BITS - 1 downto LOW_BITS), divisor, negative);

  process (clk) is
  begin
    if rising_edge(clk) then
      next_remainder <= high(HIGH_BITS - 2 downto 0) & remainder(LOW_BITS - 1 downto 0);
      next_divisor   <= divisor;
      quotient_bit   <= not negative;
    end if;
  end process;

end architecture rtl;
