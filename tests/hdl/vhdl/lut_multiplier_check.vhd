-- Every pair of operands through `lut_multiplier`, against integer arithmetic; `last` and pauses travel along.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity lut_multiplier_check is
  generic (
    X_BITS   : positive := 4;
    X_SIGNED : boolean  := true;
    W_BITS   : positive := 4
  );
end entity lut_multiplier_check;

architecture test of lut_multiplier_check is
  constant LATENCY : positive := multiplier_stages(X_BITS, W_BITS);

  type expected_t is array (1 to LATENCY) of integer;

  signal clk       : std_logic := '0';
  signal rst       : std_logic := '1';
  signal valid     : std_logic := '0';
  signal last      : std_logic := '0';
  signal x         : std_logic_vector(X_BITS - 1 downto 0) := (others => '0');
  signal w         : std_logic_vector(W_BITS - 1 downto 0) := (others => '0');
  signal product   : signed(X_BITS + W_BITS - 1 downto 0);
  signal valid_out : std_logic;
  signal last_out  : std_logic;

  signal expected : expected_t := (others => 0);
  signal valids   : std_logic_vector(1 to LATENCY) := (others => '0');
  -- A reset sends a last.
  signal lasts    : std_logic_vector(1 to LATENCY) := (others => '1');
begin

  dut : entity work.lut_multiplier
    generic map (
      X_BITS   => X_BITS,
      X_SIGNED => X_SIGNED,
      W_BITS   => W_BITS
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => valid,
      last      => last,
      x         => x,
      w         => w,
      product   => product,
      valid_out => valid_out,
      last_out  => last_out
    );

  process is
    variable checked : natural := 0;

    procedure clock (a : natural; b : natural; is_valid : std_logic; is_last : std_logic) is
      variable left : integer;
    begin
      valid <= is_valid;
      last  <= is_last;
      x     <= std_logic_vector(to_unsigned(a, X_BITS));
      w     <= std_logic_vector(to_unsigned(b, W_BITS));
      clk   <= '0';
      wait for 1 ns;
      clk <= '1';
      wait for 1 ns;
      left := to_integer(unsigned(x));
      if X_SIGNED then
        left := to_integer(signed(x));
      end if;
      expected <= left * to_integer(signed(w)) & expected(1 to LATENCY - 1);
      valids   <= (is_valid and not rst) & valids(1 to LATENCY - 1);
      lasts    <= ((is_valid and is_last) or rst) & lasts(1 to LATENCY - 1);
      wait for 1 ns;
      assert valid_out = valids(LATENCY) and last_out = lasts(LATENCY)
        report "valid or last is wrong"
        severity failure;
      if valid_out = '1' then
        assert to_integer(product) = expected(LATENCY)
          report "expected " & integer'image(expected(LATENCY)) & ", got " & integer'image(to_integer(product))
          severity failure;
        checked := checked + 1;
      end if;
    end procedure clock;

    variable is_last : std_logic;
  begin
    for resetting in 1 to LATENCY loop
      clock(0, 0, '0', '0');
    end loop;
    rst <= '0';
    for a in 0 to 2 ** X_BITS - 1 loop
      for b in 0 to 2 ** W_BITS - 1 loop
        is_last := '1' when b mod 5 = 0 else '0';
        clock(a, b, '1', is_last);
        if b mod 3 = 0 then
          clock(b mod 2 ** X_BITS, a mod 2 ** W_BITS, '0', '1');
        end if;
      end loop;
    end loop;
    for waiting in 1 to LATENCY loop
      clock(0, 0, '0', '0');
    end loop;
    report integer'image(checked) & " products are right";
    wait;
  end process;

end architecture test;
