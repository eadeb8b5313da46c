-- The reset of a board: 16 clocks after the configuration, and for as long as the button is pressed.
--
-- Needs a flip-flop's initial value, as every FPGA has. The button may change at any moment: three flip-flops take it
-- into the clock. `rst` comes from a register.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity power_on_reset is
  port (
    clk    : in  std_logic;
    button : in  std_logic;  -- active high
    rst    : out std_logic
  );
end entity power_on_reset;

architecture rtl of power_on_reset is
  signal count   : unsigned(4 downto 0) := (others => '0');
  signal pressed : std_logic_vector(2 downto 0) := (others => '0');
  signal reset   : std_logic := '1';
begin

  rst <= reset;

  process (clk) is
  begin
    if rising_edge(clk) then
      pressed <= pressed(1 downto 0) & button;
      reset   <= not count(4);
      if pressed(2) = '1' then
        count <= (others => '0');
      elsif count(4) = '0' then
        count <= count + 1;
      end if;
    end if;
  end process;

end architecture rtl;
