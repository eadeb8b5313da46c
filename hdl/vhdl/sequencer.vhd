-- The loops of an engine: HEADS x GROUPS x INNER steps a row, one step a clock.
--
-- A row begins in the clock in which `go` is high while no row is under way; `start` is high in that clock.
-- Each group takes PERIOD >= INNER clocks (time for the lanes' results to leave one by one), so that a row
-- takes exactly HEADS * GROUPS * PERIOD clocks and the next may begin right behind it.
-- `first` and `last` mark a group's first and last step; rewind, commit and retire steer the row buffer: the
-- same row part is read once per group, then the next head's.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity sequencer is
  generic (
    HEADS  : positive;
    GROUPS : positive;
    INNER  : positive;
    PERIOD : positive
  );
  port (
    clk    : in  std_logic;
    rst    : in  std_logic;
    go     : in  std_logic;
    start  : out std_logic;
    step   : out std_logic;
    first  : out std_logic;
    last   : out std_logic;
    rewind : out std_logic;
    commit : out std_logic;
    retire : out std_logic
  );
end entity sequencer;

architecture rtl of sequencer is
  signal running                : std_logic;
  signal active                 : std_logic;
  signal inner_count            : unsigned(counter_bits(PERIOD) - 1 downto 0);
  signal group_count            : unsigned(counter_bits(GROUPS) - 1 downto 0);
  signal head_count             : unsigned(counter_bits(HEADS) - 1 downto 0);
  signal last_inner, last_group : std_logic;
  signal last_head, period_end  : std_logic;
begin

  active     <= running or go;
  last_inner <= active when inner_count = INNER - 1 else '0';
  period_end <= active when inner_count = PERIOD - 1 else '0';
  last_group <= '1' when group_count = GROUPS - 1 else '0';
  last_head  <= '1' when head_count = HEADS - 1 else '0';

  start  <= go and not running;
  step   <= active when INNER = PERIOD or inner_count < INNER else '0';
  first  <= active when inner_count = 0 else '0';
  last   <= last_inner;
  rewind <= last_inner and not last_group;
  commit <= last_inner and last_group;
  retire <= last_inner and last_group and last_head;

  process (clk) is
  begin
    if rising_edge(clk) then
      running <= active and not (period_end and last_group and last_head);
      if period_end = '1' then
        inner_count <= (others => '0');
        group_count <= following(group_count, GROUPS - 1);
        if last_group = '1' then
          head_count <= following(head_count, HEADS - 1);
        end if;
      elsif active = '1' then
        inner_count <= inner_count + 1;
      end if;
      if rst = '1' then
        running     <= '0';
        inner_count <= (others => '0');
        group_count <= (others => '0');
        head_count  <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
