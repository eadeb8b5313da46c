-- Every pair of operands through `multiplier`, against integer arithmetic; ends with severity failure on the first
-- difference. Prints the number of products otherwise.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity multiplier_check is
  generic (
    A_BITS : positive := 4;
    W_BITS : positive := 4;
    ROWS   : string   := "signed"
  );
end entity;

architecture test of multiplier_check is
  signal clk     : std_logic := '0';
  signal x       : std_logic_vector(A_BITS - 1 downto 0);
  signal y       : std_logic_vector(W_BITS - 1 downto 0);
  signal product : std_logic_vector(A_BITS + W_BITS - 1 downto 0);
begin

  dut : entity work.multiplier
    generic map (A_BITS => A_BITS, W_BITS => W_BITS, ROWS => ROWS)
    port map (clk => clk, x => x, y => y, product => product);

  process is
    variable left, expected : integer;
  begin
    for i in 0 to 2 ** A_BITS - 1 loop
      for j in 0 to 2 ** W_BITS - 1 loop
        x   <= std_logic_vector(to_unsigned(i, A_BITS));
        y   <= std_logic_vector(to_unsigned(j, W_BITS));
        clk <= '0';
        wait for 1 ns;
        clk <= '1';
        wait for 1 ns;
        if ROWS = "unsigned" then
          left := to_integer(unsigned(x));
        else
          left := to_integer(signed(x));
        end if;
        expected := left * to_integer(signed(y));
        assert to_integer(signed(product)) = expected
          report integer'image(left) & " * " & integer'image(to_integer(signed(y))) & " gave "
          & integer'image(to_integer(signed(product)))
          severity failure;
      end loop;
    end loop;
    report integer'image(2 ** (A_BITS + W_BITS)) & " products are right";
    wait;
  end process;

end architecture;
