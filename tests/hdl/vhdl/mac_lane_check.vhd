-- Every pair of operands through `mac_lane`, in groups of one to three products with pauses, against integer arithmetic.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity mac_lane_check is
  generic (
    X_BITS     : positive := 4;
    X_SIGNED   : boolean  := true;
    W_BITS     : positive := 4;
    MULTIPLIER : string   := "lut"
  );
end entity mac_lane_check;

architecture test of mac_lane_check is
  constant LATENCY  : positive := lane_latency(MULTIPLIER, X_BITS, X_SIGNED, W_BITS);
  -- Room for the sum of three products.
  constant ACC_BITS : positive := X_BITS + W_BITS + 2;

  type sums_t is array (1 to LATENCY) of integer;

  signal clk    : std_logic := '0';
  signal rst    : std_logic := '1';
  signal valid  : std_logic := '0';
  signal first  : std_logic := '0';
  signal last   : std_logic := '0';
  signal x      : std_logic_vector(X_BITS - 1 downto 0) := (others => '0');
  signal w      : std_logic_vector(W_BITS - 1 downto 0) := (others => '0');
  signal result : signed(ACC_BITS - 1 downto 0);
begin

  dut : entity work.mac_lane
    generic map (
      X_BITS     => X_BITS,
      X_SIGNED   => X_SIGNED,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => MULTIPLIER
    )
    port map (
      clk    => clk,
      rst    => rst,
      valid  => valid,
      first  => first,
      last   => last,
      x      => x,
      w      => w,
      result => result
    );

  process is
    variable checked, place : natural := 0;
    variable sum            : integer := 0;
    -- What the result is to be, from now to the clock in which it leaves; whether a group ended.
    variable sums           : sums_t := (others => 0);
    variable ends           : std_logic_vector(1 to LATENCY) := (others => '0');

    procedure clock (a : natural; b : natural; is_valid : std_logic; products : positive) is
      variable left    : integer;
      variable is_last : std_logic;
    begin
      is_last := to_std_logic(place = products - 1);
      valid   <= is_valid;
      first   <= to_std_logic(place = 0);
      last    <= is_last;
      x       <= std_logic_vector(to_unsigned(a, X_BITS));
      w       <= std_logic_vector(to_unsigned(b, W_BITS));
      clk     <= '0';
      wait for 1 ns;
      left := to_integer(unsigned(x));
      if X_SIGNED then
        left := to_integer(signed(x));
      end if;
      if is_valid = '1' then
        sum   := sum + left * to_integer(signed(w));
        place := place + 1;
      end if;
      sums := sum & sums(1 to LATENCY - 1);
      ends := (is_valid and is_last) & ends(1 to LATENCY - 1);
      if ends(1) = '1' then
        sum   := 0;
        place := 0;
      end if;
      clk <= '1';
      wait for 1 ns;
      if ends(LATENCY) = '1' then
        assert to_integer(result) = sums(LATENCY)
          report "expected " & integer'image(sums(LATENCY)) & ", got " & integer'image(to_integer(result))
          severity failure;
        checked := checked + 1;
      end if;
    end procedure clock;

  begin
    for resetting in 1 to LATENCY loop
      clock(0, 0, '0', 1);
    end loop;
    rst <= '0';
    for products in 1 to 3 loop
      for a in 0 to 2 ** X_BITS - 1 loop
        for b in 0 to 2 ** W_BITS - 1 loop
          clock(a, b, '1', products);
          if b mod 3 = 0 then
            clock(b mod 2 ** X_BITS, a mod 2 ** W_BITS, '0', products);
          end if;
        end loop;
      end loop;
      while place /= 0 loop
        clock(1, 1, '1', products);
      end loop;
    end loop;
    for waiting in 1 to LATENCY loop
      clock(0, 0, '0', 1);
    end loop;
    report integer'image(checked) & " sums are right";
    wait;
  end process;

end architecture test;
