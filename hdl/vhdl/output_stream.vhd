-- AXI4-Stream master behind the last row buffer: one element a beat, tlast with a row's last. One beat in OUTPUT_NEXT
-- clocks.
-- `tuser` is low with the first WARM_UP rows behind a reset: they depend on rows that the accelerator has not seen.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity output_stream is
  generic (
    BITS    : positive;
    COLUMNS : positive;
    WARM_UP : natural
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    available : in  std_logic;
    step      : out std_logic;
    commit    : out std_logic;
    retire    : out std_logic;
    read_data : in  std_logic_vector(BITS - 1 downto 0);
    tvalid    : out std_logic;
    tready    : in  std_logic;
    tdata     : out std_logic_vector((BITS + 7) / 8 * 8 - 1 downto 0);
    tlast     : out std_logic;
    tuser     : out std_logic
  );
end entity output_stream;

architecture rtl of output_stream is
  type state_t is (WAITING, READING, SENDING);
  signal state     : state_t := WAITING;
  -- How long ago the element was asked for.
  signal reads     : std_logic_vector(1 to work.pipeline.READ);
  signal column    : unsigned(counter_bits(COLUMNS) - 1 downto 0) := (others => '0');
  signal last_read : std_logic;
  signal stepping  : std_logic;
begin

  stepping  <= available when state = WAITING else '0';
  last_read <= stepping when column = COLUMNS - 1 else '0';
  step      <= stepping;
  commit    <= last_read;
  retire    <= last_read;
  tvalid    <= '1' when state = SENDING else '0';

  always_warm : if WARM_UP = 0 generate
    tuser <= '1';
  else generate
    signal row : unsigned(counter_bits(WARM_UP + 1) - 1 downto 0) := (others => '0');
  begin
    process (clk) is
    begin
      if rising_edge(clk) then
        if stepping = '1' then
          tuser <= '0';
          if row = WARM_UP then
            tuser <= '1';
          elsif last_read = '1' then
            row <= row + 1;
          end if;
        end if;
        if rst = '1' then
          row <= (others => '0');
        end if;
      end if;
    end process;
  end generate always_warm;

  process (clk) is
  begin
    if rising_edge(clk) then
      reads <= stepping & reads(1 to work.pipeline.READ - 1);
      case state is
        when WAITING =>
          if stepping = '1' then
            state <= READING;
            tlast <= last_read;
            if last_read = '1' then
              column <= (others => '0');
            else
              column <= column + 1;
            end if;
          end if;
        when READING =>
          tdata <= std_logic_vector(resize(signed(read_data), tdata'length));
          if reads(work.pipeline.READ) = '1' then
            state <= SENDING;
          end if;
        when SENDING =>
          if tready = '1' then
            state <= WAITING;
          end if;
      end case;
      if rst = '1' then
        state  <= WAITING;
        column <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
