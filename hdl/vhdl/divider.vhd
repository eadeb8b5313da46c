-- Rounding division of a weighted sum by the sum of its weights: floor(numerator / denominator + 1/2).
--
-- The quotient is a weighted mean and so fits QUOTIENT_BITS signed bits: the caller guarantees it. Non-restoring,
-- one bit and one addition a stage: a new division every clock, result after QUOTIENT_BITS + 1 clocks.
--
-- With N = 2 * numerator + denominator and D = 2 * denominator the quotient is floor(N / D). Stage k adds or
-- subtracts D * 2**k by the sign of the remainder; the signs, inverted, are the quotient's bits in offset binary.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity divider is
  generic (
    NUMERATOR_BITS   : positive;
    DENOMINATOR_BITS : positive;
    QUOTIENT_BITS    : positive
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    valid       : in  std_logic;
    numerator   : in  signed(NUMERATOR_BITS - 1 downto 0);
    denominator : in  unsigned(DENOMINATOR_BITS - 1 downto 0);
    out_valid   : out std_logic;
    quotient    : out std_logic_vector(QUOTIENT_BITS - 1 downto 0)
  );
end entity divider;

architecture rtl of divider is
  constant REMAINDER_BITS : positive := DENOMINATOR_BITS + QUOTIENT_BITS + 1;

  subtype remainder_t is signed(REMAINDER_BITS - 1 downto 0);
  subtype denominator_t is unsigned(DENOMINATOR_BITS - 1 downto 0);
  subtype quotient_t is std_logic_vector(QUOTIENT_BITS - 1 downto 0);

  type remainders_t is array (0 to QUOTIENT_BITS - 1) of remainder_t;
  type denominators_t is array (0 to QUOTIENT_BITS - 1) of denominator_t;
  type quotients_t is array (0 to QUOTIENT_BITS - 1) of quotient_t;

  signal remainder : remainders_t;
  signal divisor   : denominators_t;
  signal bits      : quotients_t;
  signal valids    : std_logic_vector(0 to QUOTIENT_BITS - 1);
begin

  process (clk) is
    constant TOP  : natural := QUOTIENT_BITS - 1;
    variable high : signed(DENOMINATOR_BITS + 1 downto 0);
    variable last : quotient_t;
  begin
    if rising_edge(clk) then
      if valid = '1' then
        remainder(0) <= resize(numerator & '0', REMAINDER_BITS) + signed(resize(denominator, REMAINDER_BITS));
        divisor(0)   <= denominator;
      end if;
      bits(0) <= (others => '0');
      valids  <= valid & valids(0 to TOP - 1);

      for stage in 0 to QUOTIENT_BITS - 2 loop
        next when valids(stage) = '0';
        -- Weight of this stage's addition: D * 2**(TOP - 1 - stage), so that lower bits stay as they are.
        high := remainder(stage)(REMAINDER_BITS - 1 - stage downto QUOTIENT_BITS - 1 - stage);
        if high(high'left) = '1' then
          high := high + signed(resize(divisor(stage), high'length));
        else
          high := high - signed(resize(divisor(stage), high'length));
        end if;
        remainder(stage + 1) <= resize(
          high(high'left - 1 downto 0) & remainder(stage)(QUOTIENT_BITS - 2 - stage downto 0), REMAINDER_BITS
        );
        divisor(stage + 1)   <= divisor(stage);
        bits(stage + 1)      <= bits(stage)(QUOTIENT_BITS - 2 downto 0)
          & not remainder(stage)(REMAINDER_BITS - 1 - stage);
      end loop;

      last      := bits(TOP)(QUOTIENT_BITS - 2 downto 0) & not remainder(TOP)(REMAINDER_BITS - 1 - TOP);
      quotient  <= not last(TOP) & last(TOP - 1 downto 0);
      out_valid <= valids(TOP);
      if rst = '1' then
        valids    <= (others => '0');
        out_valid <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
