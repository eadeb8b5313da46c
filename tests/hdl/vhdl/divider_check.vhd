-- Every quotient of `divider` with a denominator of DENOMINATOR_BITS bits, against rounding in integer arithmetic:
-- floor((2 * numerator + denominator) / (2 * denominator)). New operands in each clock but every third.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity divider_check is
  generic (
    NUMERATOR_BITS   : positive := 8;
    DENOMINATOR_BITS : positive := 4;
    QUOTIENT_BITS    : positive := 3
  );
end entity divider_check;

architecture test of divider_check is
  constant LATENCY : positive := QUOTIENT_BITS + work.pipeline.DIVIDE;
  constant LOWEST  : integer  := -2 ** (QUOTIENT_BITS - 1);
  constant HIGHEST : integer  := 2 ** (QUOTIENT_BITS - 1) - 1;

  type expected_t is array (1 to LATENCY) of integer;

  signal clk         : std_logic := '0';
  signal rst         : std_logic := '1';
  signal valid       : std_logic := '0';
  signal numerator   : signed(NUMERATOR_BITS - 1 downto 0) := (others => '0');
  signal denominator : unsigned(DENOMINATOR_BITS - 1 downto 0) := (others => '0');
  signal out_valid   : std_logic;
  signal quotient    : std_logic_vector(QUOTIENT_BITS - 1 downto 0);

  -- What is under way, as it should come out.
  signal expected : expected_t := (others => 0);
  signal valids   : std_logic_vector(1 to LATENCY) := (others => '0');
begin

  dut : entity work.divider
    generic map (
      NUMERATOR_BITS   => NUMERATOR_BITS,
      DENOMINATOR_BITS => DENOMINATOR_BITS,
      QUOTIENT_BITS    => QUOTIENT_BITS
    )
    port map (
      clk         => clk,
      rst         => rst,
      valid       => valid,
      numerator   => numerator,
      denominator => denominator,
      out_valid   => out_valid,
      quotient    => quotient
    );

  process is
    variable checked : natural := 0;

    procedure clock (n : integer; d : integer; is_valid : std_logic) is
      variable wanted, got : integer := 0;
    begin
      valid       <= is_valid;
      numerator   <= to_signed(n, NUMERATOR_BITS);
      denominator <= to_unsigned(d, DENOMINATOR_BITS);
      clk         <= '0';
      wait for 1 ns;
      clk <= '1';
      wait for 1 ns;
      if is_valid = '1' then
        -- VHDL's / drops the fraction, so the dividend is moved to the positive side first.
        wanted := (2 * n + d - 2 * d * LOWEST) / (2 * d) + LOWEST;
      end if;
      expected <= wanted & expected(1 to LATENCY - 1);
      valids   <= is_valid & valids(1 to LATENCY - 1);
      wait for 1 ns;
      assert out_valid = valids(LATENCY)
        report "out_valid is wrong"
        severity failure;
      if out_valid = '1' then
        got := to_integer(signed(quotient));
        assert got = expected(LATENCY)
          report "expected " & integer'image(expected(LATENCY)) & ", got " & integer'image(got)
          severity failure;
        checked := checked + 1;
      end if;
    end procedure clock;
  begin
    clock(0, 1, '0');
    clock(0, 1, '0');
    rst <= '0';
    for d in 1 to 2 ** DENOMINATOR_BITS - 1 loop
      for n in LOWEST * d to HIGHEST * d loop
        clock(n, d, '1');
        if n mod 3 = 0 then
          clock(-1, 1, '0');
        end if;
      end loop;
    end loop;
    for waiting in 1 to LATENCY loop
      clock(0, 1, '0');
    end loop;
    report integer'image(checked) & " quotients are right";
    wait;
  end process;

end architecture test;
