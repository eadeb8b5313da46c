-- The loops of an engine: HEADS x GROUPS x INNER steps a row, one step a clock.
--
-- A row begins in the clock in which `go` is high while no row is under way; `start` is high in that clock.
-- Each group takes PERIOD >= INNER clocks (time for the lanes' results to leave one by one), so that a row
-- takes exactly HEADS * GROUPS * PERIOD clocks and the next may begin right behind it.
-- `first` and `last` mark a group's first and last step; rewind, commit and retire steer the row buffer: the
-- same row part is read once per group, then the next head's. Where the loops stand is told by registers, each
-- computed with the count that it is about.
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
  signal running                : std_logic := '0';
  signal active                 : std_logic;
  signal inner_count            : unsigned(counter_bits(PERIOD) - 1 downto 0) := (others => '0');
  signal group_count            : unsigned(counter_bits(GROUPS) - 1 downto 0) := (others => '0');
  signal head_count             : unsigned(counter_bits(HEADS) - 1 downto 0) := (others => '0');
  -- The counts' ends; of a single step, group or head they are always there.
  signal at_first, in_steps     : std_logic := '1';
  signal at_last                : std_logic := to_std_logic(INNER = 1);
  signal at_end                 : std_logic := to_std_logic(PERIOD = 1);
  signal last_group             : std_logic := to_std_logic(GROUPS = 1);
  signal last_head              : std_logic := to_std_logic(HEADS = 1);
  signal last_inner, period_end : std_logic;
  signal ends_now, retires_now  : std_logic;
  signal period_ends_now        : std_logic;
begin

  active <= running or go;

  -- What takes several clocks does not end in its first, whose `go` comes late.
  ends_now        <= active when INNER = 1 else running;
  period_ends_now <= active when PERIOD = 1 else running;
  retires_now     <= active when HEADS * GROUPS * INNER = 1 else running;

  last_inner <= ends_now and at_last;
  period_end <= period_ends_now and at_end;

  start  <= go and not running;
  step   <= active and in_steps;
  first  <= active and at_first;
  last   <= last_inner;
  rewind <= last_inner and not last_group;
  commit <= last_inner and last_group;
  retire <= retires_now and at_last and last_group and last_head;

  process (clk) is
    variable next_inner : unsigned(inner_count'range);
    variable next_group : unsigned(group_count'range);
    variable next_head  : unsigned(head_count'range);
  begin
    if rising_edge(clk) then
      next_inner := inner_count;
      next_group := group_count;
      next_head  := head_count;
      if PERIOD > 1 and active = '1' then
        next_inner := inner_count + 1;
        if at_end = '1' then
          next_inner := (others => '0');
        end if;
      end if;
      if GROUPS > 1 and period_end = '1' then
        next_group := group_count + 1;
        if last_group = '1' then
          next_group := (others => '0');
        end if;
      end if;
      if HEADS > 1 and period_end = '1' and last_group = '1' then
        next_head := head_count + 1;
        if last_head = '1' then
          next_head := (others => '0');
        end if;
      end if;
      running     <= active and not (period_end and last_group and last_head);
      inner_count <= next_inner;
      group_count <= next_group;
      head_count  <= next_head;
      at_first    <= to_std_logic(next_inner = 0);
      in_steps    <= to_std_logic(INNER = PERIOD or next_inner < INNER);
      at_last     <= to_std_logic(next_inner = INNER - 1);
      at_end      <= to_std_logic(next_inner = PERIOD - 1);
      last_group  <= to_std_logic(next_group = GROUPS - 1);
      last_head   <= to_std_logic(next_head = HEADS - 1);
      if rst = '1' then
        running     <= '0';
        inner_count <= (others => '0');
        group_count <= (others => '0');
        head_count  <= (others => '0');
        at_first    <= '1';
        in_steps    <= '1';
        at_last     <= to_std_logic(INNER = 1);
        at_end      <= to_std_logic(PERIOD = 1);
        last_group  <= to_std_logic(GROUPS = 1);
        last_head   <= to_std_logic(HEADS = 1);
      end if;
    end if;
  end process;

end architecture rtl;
