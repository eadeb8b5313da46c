-- Rounding division of a weighted sum by the sum of its weights: floor(numerator / denominator + 1/2).
--
-- The quotient is a weighted mean and so fits QUOTIENT_BITS signed bits: the caller guarantees it. Non-restoring,
-- one bit and one addition a stage: a new division every clock, result after QUOTIENT_BITS + 1 clocks.
--
-- With N = 2 * numerator + denominator and D = 2 * denominator the quotient is floor(N / D). Stage k adds or
-- subtracts D * 2**(QUOTIENT_BITS - 2 - k) by the sign of the remainder; the signs, inverted, are the quotient's bits
-- in offset binary.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity divider is
  generic (
    NUMERATOR_BITS   : positive;
    DENOMINATOR_BITS : positive;
    QUOTIENT_BITS    : positive  -- at least 2
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    valid       : in  std_logic;
    numerator   : in  signed(NUMERATOR_BITS - 1 downto 0);
    denominator : in  unsigned(DENOMINATOR_BITS - 1 downto 0);
    out_valid   : out std_logic := '0';
    quotient    : out std_logic_vector(QUOTIENT_BITS - 1 downto 0)
  );
end entity divider;

architecture rtl of divider is
  constant REMAINDER_BITS : positive := DENOMINATOR_BITS + QUOTIENT_BITS + 1;
  constant STAGES         : positive := QUOTIENT_BITS - 1;

  type remainders_t is array (0 to STAGES) of signed(REMAINDER_BITS - 1 downto 0);
  type divisors_t is array (0 to STAGES) of unsigned(DENOMINATOR_BITS - 1 downto 0);
  type quotients_t is array (0 to STAGES) of std_logic_vector(QUOTIENT_BITS - 1 downto 0);

  signal dividend      : signed(REMAINDER_BITS - 1 downto 0);
  signal first_divisor : unsigned(DENOMINATOR_BITS - 1 downto 0);
  signal remainders    : remainders_t;
  signal divisors      : divisors_t;
  signal bits          : quotients_t;
  signal valids        : std_logic_vector(0 to STAGES) := (others => '0');
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      dividend      <= resize(numerator & '0', REMAINDER_BITS) + signed(resize(denominator, REMAINDER_BITS));
      first_divisor <= denominator;

      valids    <= valid & valids(0 to STAGES - 1);
      out_valid <= valids(STAGES);
      if rst = '1' then
        valids    <= (others => '0');
        out_valid <= '0';
      end if;
    end if;
  end process;

  remainders(0) <= dividend;
  divisors(0)   <= first_divisor;
  bits(0)       <= (others => '0');

  steps : for stage in 0 to STAGES - 1 generate
    signal next_remainder : signed(REMAINDER_BITS - 2 - stage downto 0);
    signal quotient_bit   : std_logic;
    signal earlier_bits   : std_logic_vector(QUOTIENT_BITS - 1 downto 0);
  begin
    step : entity work.divider_stage
      generic map (
        REMAINDER_BITS => REMAINDER_BITS - stage,
        DIVISOR_BITS   => DENOMINATOR_BITS
      )
      port map (
        clk            => clk,
        remainder      => remainders(stage)(REMAINDER_BITS - 1 - stage downto 0),
        divisor        => divisors(stage),
        next_remainder => next_remainder,
        next_divisor   => divisors(stage + 1),
        quotient_bit   => quotient_bit
      );

    process (clk) is
    begin
      if rising_edge(clk) then
        earlier_bits <= bits(stage);
      end if;
    end process;

    remainders(stage + 1) <= resize(next_remainder, REMAINDER_BITS);
    bits(stage + 1)       <= earlier_bits(QUOTIENT_BITS - 2 downto 0) & quotient_bit;
  end generate steps;

  -- The last remainder's sign is the last bit; inverting the first turns offset binary into two's complement.
  process (clk) is
    variable last : std_logic_vector(QUOTIENT_BITS - 1 downto 0);
  begin
    if rising_edge(clk) then
      last     := bits(STAGES)(QUOTIENT_BITS - 2 downto 0) & not remainders(STAGES)(REMAINDER_BITS - 1);
      quotient <= not last(QUOTIENT_BITS - 1) & last(QUOTIENT_BITS - 2 downto 0);
    end if;
  end process;

end architecture rtl;
