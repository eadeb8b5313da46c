-- Sums of two products of every pair of operands through `minus_lane`, against integer arithmetic.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity minus_lane_check is
  generic (
    A_BITS : positive := 4;
    W_BITS : positive := 4;
    FORM   : string   := "minus"
  );
end entity;

architecture test of minus_lane_check is
  constant SUM_BITS : positive := A_BITS + W_BITS + 1;
  signal clk  : std_logic := '0';
  signal last : std_logic := '0';
  signal x    : std_logic_vector(A_BITS - 1 downto 0);
  signal y    : std_logic_vector(W_BITS - 1 downto 0);
  signal sum  : std_logic_vector(SUM_BITS - 1 downto 0);
begin

  dut : entity work.minus_lane
    generic map (A_BITS => A_BITS, W_BITS => W_BITS, SUM_BITS => SUM_BITS, FORM => FORM)
    port map (clk => clk, last => last, x => x, y => y, sum => sum);

  process is
    procedure cycle (a, w : integer; ends : std_logic) is
    begin
      x    <= std_logic_vector(to_signed(a, A_BITS));
      y    <= std_logic_vector(to_signed(w, W_BITS));
      last <= ends;
      clk  <= '0';
      wait for 1 ns;
      clk  <= '1';
      wait for 1 ns;
    end procedure;

    variable other : integer;
  begin
    cycle(0, 0, '1');
    cycle(0, 0, '1');
    for i in -2 ** (A_BITS - 1) to 2 ** (A_BITS - 1) - 1 loop
      for j in -2 ** (W_BITS - 1) to 2 ** (W_BITS - 1) - 1 loop
        other := -2 ** (W_BITS - 1);
        cycle(i, j, '0');
        cycle(i, other, '1');
        cycle(0, 0, '1');
        assert to_integer(signed(sum)) = i * (j + other)
          report integer'image(i) & " * " & integer'image(j) & " gave " & integer'image(to_integer(signed(sum)))
          severity failure;
      end loop;
    end loop;
    report integer'image(2 ** (A_BITS + W_BITS)) & " sums are right";
    wait;
  end process;

end architecture;
