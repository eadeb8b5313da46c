-- An accelerator as the user logic of a middleware that reads and writes bytes at addresses:
--
--   0..15  read: IDENTITY, the first byte at 0
--   16     write: an inference begins when bit 0 becomes high
--   18..   write: VALUES input elements of INPUT_BYTES bytes; read: OUTPUTS elements of OUTPUT_BYTES bytes, as the last
--          inference left them; the least significant byte first
--
-- `busy` is low, and `wake_up` high, from the end of an inference until bit 0 of address 16 is low again. The
-- middleware of the Elastic Node stops the clock while its reset is high, so that no clock sees it: flip-flops take it
-- without one, and reset the accelerator for some clocks once the clock is back.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity middleware_adapter is
  generic (
    VALUES       : positive;
    INPUT_BYTES  : positive;
    OUTPUTS      : positive;
    OUTPUT_BYTES : positive;
    IDENTITY     : std_logic_vector(127 downto 0);
    STYLE        : string  -- of the inputs' memory: "distributed" or "block"
  );
  port (
    clock           : in  std_logic;
    reset           : in  std_logic;
    rd              : in  std_logic;
    wr              : in  std_logic;
    data_in         : in  std_logic_vector(7 downto 0);
    address_in      : in  std_logic_vector(15 downto 0);
    data_out        : out std_logic_vector(7 downto 0);
    busy            : out std_logic;
    wake_up         : out std_logic;
    accelerator_rst : out std_logic;
    m_axis_tvalid   : out std_logic;
    m_axis_tready   : in  std_logic;
    m_axis_tdata    : out std_logic_vector(8 * INPUT_BYTES - 1 downto 0);
    s_axis_tvalid   : in  std_logic;
    s_axis_tready   : out std_logic;
    s_axis_tdata    : in  std_logic_vector(8 * OUTPUT_BYTES - 1 downto 0)
  );
end entity middleware_adapter;

architecture rtl of middleware_adapter is
  constant START_ADDRESS : natural  := 16;
  constant DATA_ADDRESS  : natural  := 18;
  constant IDENTITY_SIZE : natural  := IDENTITY'length / 8;
  constant REQUEST_BYTES : positive := VALUES * INPUT_BYTES;
  constant REPLY_BYTES   : positive := OUTPUTS * OUTPUT_BYTES;

  type state_t is (IDLE, SEND, COLLECT, DONE);
  signal state   : state_t := IDLE;
  signal held    : std_logic_vector(3 downto 0) := (others => '1');  -- resets the accelerator
  signal enabled : std_logic := '0';
  signal place   : unsigned(15 downto 0);
  signal offset  : unsigned(15 downto 0);  -- of a data byte
  signal writing : std_logic;
  signal start   : std_logic;
  signal sent    : std_logic;
  signal got     : unsigned(counter_bits(OUTPUTS + 1) - 1 downto 0) := (others => '0');
  signal answer  : std_logic_vector(8 * REPLY_BYTES - 1 downto 0) := (others => '0');
begin

  place   <= unsigned(address_in);
  offset  <= place - DATA_ADDRESS;
  writing <= '1' when wr = '1' and place >= DATA_ADDRESS and offset < REQUEST_BYTES else '0';
  start   <= '1' when state = IDLE and enabled = '1' else '0';

  busy            <= '0' when state = DONE else '1';
  wake_up         <= '1' when state = DONE else '0';
  accelerator_rst <= held(held'high);
  s_axis_tready   <= '1' when got /= OUTPUTS else '0';

  input_memory : entity work.request_memory
    generic map (
      VALUES        => VALUES,
      ELEMENT_BYTES => INPUT_BYTES,
      LEAST_FIRST   => true,
      STYLE         => STYLE
    )
    port map (
      clk           => clock,
      rst           => held(held'high),
      write_enable  => writing,
      write_address => offset(counter_bits(REQUEST_BYTES) - 1 downto 0),
      write_data    => data_in,
      start         => start,
      sent          => sent,
      m_axis_tvalid => m_axis_tvalid,
      m_axis_tready => m_axis_tready,
      m_axis_tdata  => m_axis_tdata
    );

  holding : process (clock, reset) is
  begin
    if reset = '1' then
      held <= (others => '1');
    elsif rising_edge(clock) then
      held <= held(held'high - 1 downto 0) & '0';
    end if;
  end process holding;

  reading : process (clock) is
  begin
    if rising_edge(clock) then
      if rd = '1' then
        data_out <= (others => '0');
        for index in 0 to IDENTITY_SIZE - 1 loop
          if place = index then
            data_out <= IDENTITY(8 * (IDENTITY_SIZE - index) - 1 downto 8 * (IDENTITY_SIZE - index - 1));
          end if;
        end loop;
        for index in 0 to REPLY_BYTES - 1 loop
          if place = DATA_ADDRESS + index then
            data_out <= answer(8 * index + 7 downto 8 * index);
          end if;
        end loop;
      end if;
    end if;
  end process reading;

  inference : process (clock) is
  begin
    if rising_edge(clock) then
      if wr = '1' and place = START_ADDRESS then
        enabled <= data_in(0);
      end if;
      if s_axis_tvalid = '1' and got /= OUTPUTS then
        got <= got + 1;
        -- Elements move down: the first one comes to lie lowest.
        answer <= std_logic_vector(resize(unsigned(std_logic_vector'(s_axis_tdata & answer)) srl s_axis_tdata'length,
          answer'length));
      end if;

      case state is

        when IDLE =>
          if start = '1' then
            got   <= (others => '0');
            state <= SEND;
          end if;

        when SEND =>
          if sent = '1' then
            state <= COLLECT;
          end if;

        when COLLECT =>
          if got = OUTPUTS then
            state <= DONE;
          end if;

        when DONE =>
          if enabled = '0' then
            state <= IDLE;
          end if;

      end case;

      if held(held'high) = '1' then
        enabled <= '0';
        state   <= IDLE;
        got     <= (others => '0');
      end if;
    end if;
  end process inference;

end architecture rtl;
