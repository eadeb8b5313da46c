-- Holds its output while it is not enabled: a latch, which no accelerator may contain.
library ieee;
use ieee.std_logic_1164.all;

entity latch is
  port (
    enable : in  std_logic;
    d      : in  std_logic;
    q      : out std_logic
  );
end entity;

architecture rtl of latch is
begin

  process (all) is
  begin
    if enable = '1' then
      q <= d;
    end if;
  end process;

end architecture;
