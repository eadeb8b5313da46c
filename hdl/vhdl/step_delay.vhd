-- The marks of an engine's step, CLOCKS later: they travel beside the data through the registers of what is read.
--
-- A reset drops steps under way; `out_first` and `out_last` mean something with `out_valid` only.
library ieee;
use ieee.std_logic_1164.all;

entity step_delay is
  generic (
    CLOCKS : positive
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    valid     : in  std_logic;
    first     : in  std_logic;
    last      : in  std_logic;
    out_valid : out std_logic;
    out_first : out std_logic;
    out_last  : out std_logic
  );
end entity step_delay;

architecture rtl of step_delay is
  signal valids        : std_logic_vector(1 to CLOCKS) := (others => '0');
  signal firsts, lasts : std_logic_vector(1 to CLOCKS);
begin

  out_valid <= valids(CLOCKS);
  out_first <= firsts(CLOCKS);
  out_last  <= lasts(CLOCKS);

  process (clk) is
  begin
    if rising_edge(clk) then
      valids <= valid & valids(1 to CLOCKS - 1);
      firsts <= first & firsts(1 to CLOCKS - 1);
      lasts  <= last & lasts(1 to CLOCKS - 1);
      if rst = '1' then
        valids <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
