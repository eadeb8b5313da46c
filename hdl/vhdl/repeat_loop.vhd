-- Leads the rows of a window PASSES times through the same layer.
--
-- Entry: rows of the upstream producer (`in_*`) pass straight on to the layer (`layer_*`). Exit: what leaves the layer
-- (`back_*`) is stored, a window's ROWS rows; when all are there they are sent through the layer again, one element a
-- clock. The rows of the last pass leave to the next layer (`out_*`). All four sides have the row handshake of
-- row_buffer: `start` reserves a row where `ready` is high, its elements follow.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity repeat_loop is
  generic (
    BITS    : positive;
    ROWS    : positive;
    COLUMNS : positive;
    PASSES  : positive;  -- at least 2
    STYLE   : string
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    in_start    : in  std_logic;
    in_ready    : out std_logic;
    in_valid    : in  std_logic;
    in_data     : in  std_logic_vector(BITS - 1 downto 0);
    layer_start : out std_logic;
    layer_ready : in  std_logic;
    layer_valid : out std_logic;
    layer_data  : out std_logic_vector(BITS - 1 downto 0);
    back_start  : in  std_logic;
    back_ready  : out std_logic;
    back_valid  : in  std_logic;
    back_data   : in  std_logic_vector(BITS - 1 downto 0);
    out_start   : out std_logic;
    out_ready   : in  std_logic;
    out_valid   : out std_logic;
    out_data    : out std_logic_vector(BITS - 1 downto 0)
  );
end entity repeat_loop;

architecture rtl of repeat_loop is
  subtype row_t is unsigned(counter_bits(ROWS) - 1 downto 0);
  subtype pass_t is unsigned(counter_bits(PASSES) - 1 downto 0);

  -- Rows that entered the layer, rows that were started behind it, rows that left it element by element.
  signal entry_row, started_row, left_row    : row_t := (others => '0');
  signal entry_pass, started_pass, left_pass : pass_t := (others => '0');
  signal left_column                         : unsigned(counter_bits(COLUMNS) - 1 downto 0) := (others => '0');
  signal entering, row_left                  : std_logic;
  signal starting_last, leaving_last         : std_logic;
  signal store_start, store_ready            : std_logic;
  signal store_valid                         : std_logic;
  signal available, go                       : std_logic;
  signal replay_start, step, commit, retire  : std_logic;
  -- A pass is in the store and not all its rows have been sent again.
  signal replaying                           : std_logic := '0';
  -- A row is being sent.
  signal sending                             : std_logic := '0';
  signal sent                                : std_logic_vector(1 to work.pipeline.READ) := (others => '0');
  signal sent_valid                          : std_logic;
  signal sent_data                           : std_logic_vector(BITS - 1 downto 0);

  -- One row further: through the rows of a window, then through the passes.
  procedure advance (signal row : inout row_t; signal pass : inout pass_t) is
  begin
    row <= following(row, ROWS - 1);
    if row = ROWS - 1 then
      pass <= following(pass, PASSES - 1);
    end if;
  end procedure advance;
begin

  in_ready    <= layer_ready and not sending when entry_pass = 0 else '0';
  entering    <= in_start or replay_start;
  layer_start <= entering;
  layer_valid <= in_valid or sent_valid;
  layer_data  <= sent_data when sent_valid = '1' else in_data;

  starting_last <= '1' when started_pass = PASSES - 1 else '0';
  back_ready    <= out_ready when starting_last = '1' else store_ready;
  out_start     <= back_start and starting_last;
  store_start   <= back_start and not starting_last;

  leaving_last <= '1' when left_pass = PASSES - 1 else '0';
  row_left     <= back_valid when left_column = COLUMNS - 1 else '0';
  out_valid    <= back_valid and leaving_last;
  out_data     <= back_data;
  store_valid  <= back_valid and not leaving_last;

  go <= available and layer_ready and replaying;

  process (clk) is
  begin
    if rising_edge(clk) then
      sent <= step & sent(1 to work.pipeline.READ - 1);
      if entering = '1' then
        advance(entry_row, entry_pass);
      end if;
      if back_start = '1' then
        advance(started_row, started_pass);
      end if;
      if back_valid = '1' then
        left_column <= following(left_column, COLUMNS - 1);
      end if;
      if row_left = '1' then
        advance(left_row, left_pass);
      end if;
      if row_left = '1' and left_row = ROWS - 1 and leaving_last = '0' then
        replaying <= '1';
      elsif replay_start = '1' and entry_row = ROWS - 1 then
        replaying <= '0';
      end if;
      if retire = '1' then
        sending <= '0';
      elsif replay_start = '1' then
        sending <= '1';
      end if;
      if rst = '1' then
        entry_row    <= (others => '0');
        entry_pass   <= (others => '0');
        started_row  <= (others => '0');
        started_pass <= (others => '0');
        left_row     <= (others => '0');
        left_pass    <= (others => '0');
        left_column  <= (others => '0');
        replaying    <= '0';
        sending      <= '0';
        sent         <= (others => '0');
      end if;
    end if;
  end process;

  sent_valid <= sent(work.pipeline.READ);

  sender : entity work.sequencer
    generic map (
      HEADS  => 1,
      GROUPS => 1,
      INNER  => COLUMNS,
      PERIOD => COLUMNS
    )
    port map (
      clk    => clk,
      rst    => rst,
      go     => go,
      start  => replay_start,
      step   => step,
      first  => open,
      last   => open,
      rewind => open,
      commit => commit,
      retire => retire
    );

  store : entity work.row_buffer
    generic map (
      BITS    => BITS,
      COLUMNS => COLUMNS,
      ROWS    => ROWS,
      STYLE   => STYLE
    )
    port map (
      clk         => clk,
      rst         => rst,
      start       => store_start,
      ready       => store_ready,
      write_valid => store_valid,
      write_data  => back_data,
      available   => available,
      step        => step,
      rewind      => '0',
      commit      => commit,
      retire      => retire,
      read_data   => sent_data
    );

end architecture rtl;
