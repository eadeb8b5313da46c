-- Answers requests with an accelerator: a frame in, a frame out, one at a time.
--
-- A frame, its numbers most significant byte first (constants: package protocol):
--
--   START, KIND, LENGTH (2 bytes), payload (LENGTH bytes), CRC-16 over all of it but START (2 bytes)
--
-- WINDOW carries VALUES input elements of INPUT_BYTES bytes and is answered with OUTPUTS elements of OUTPUT_BYTES
-- bytes; IDENTIFY is answered with IDENTITY; RESET resets the accelerator. A frame that is not understood is answered
-- with ERROR and a code, once nothing has come for a while; the accelerator has seen nothing of it, since a payload is
-- kept until its sum is right. What comes while an answer is under way is lost. Zeros between frames are passed over:
-- the master of an SPI bus sends them to fetch an answer.
--
-- Times are powers of two in clocks: a frame ends in an error when 2**TIMEOUT_BITS pass without a byte; the answer to a
-- wrong frame waits for 2**GAP_BITS without one while rx_quiet is high.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;
use work.crc16.all;
use work.protocol.all;

entity frame_server is
  generic (
    VALUES       : positive;
    INPUT_BYTES  : positive;
    OUTPUTS      : positive;
    OUTPUT_BYTES : positive;
    IDENTITY     : std_logic_vector(31 downto 0);
    TIMEOUT_BITS : positive;
    GAP_BITS     : positive;
    STYLE        : string  -- of the payload's memory: "distributed" or "block"
  );
  port (
    clk             : in  std_logic;
    rst             : in  std_logic;
    rx_valid        : in  std_logic;
    rx_bad          : in  std_logic;
    rx_quiet        : in  std_logic;
    rx_data         : in  std_logic_vector(7 downto 0);
    tx_valid        : out std_logic;
    tx_ready        : in  std_logic;
    tx_data         : out std_logic_vector(7 downto 0);
    accelerator_rst : out std_logic;
    m_axis_tvalid   : out std_logic;
    m_axis_tready   : in  std_logic;
    m_axis_tdata    : out std_logic_vector(8 * INPUT_BYTES - 1 downto 0);
    s_axis_tvalid   : in  std_logic;
    s_axis_tready   : out std_logic;
    s_axis_tdata    : in  std_logic_vector(8 * OUTPUT_BYTES - 1 downto 0)
  );
end entity frame_server;

architecture rtl of frame_server is
  constant REQUEST_BYTES : positive := VALUES * INPUT_BYTES;
  constant REPLY_BYTES   : positive := OUTPUTS * OUTPUT_BYTES;
  constant IDENTITY_SIZE : positive := 4;
  constant CONTENT_BYTES : positive := maximum_of(OUTPUT_BYTES, IDENTITY_SIZE);
  constant COUNT_BITS    : positive :=
    counter_bits(maximum_of(maximum_of(REQUEST_BYTES, REPLY_BYTES), IDENTITY_SIZE) + 1);

  type state_t is (
    IDLE, KIND_BYTE, LENGTH_HIGH, LENGTH_LOW, PAYLOAD, SUM_HIGH, SUM_LOW, DRAIN,  -- a request
    RESETTING, START, SEND, AWAIT,                                               -- what it asks for
    HEAD, COLLECT, CONTENTS, TAIL                                                -- the answer
  );
  signal state    : state_t := IDLE;
  signal kind     : std_logic_vector(7 downto 0) := (others => '0');
  signal wanted   : unsigned(15 downto 0);                -- length of the request
  signal length   : unsigned(15 downto 0);                -- length of the answer
  signal count    : unsigned(COUNT_BITS - 1 downto 0) := (others => '0');  -- bytes of a payload so far
  signal piece    : unsigned(counter_bits(CONTENT_BYTES + 1) - 1 downto 0);
  signal silence  : unsigned(TIMEOUT_BITS downto 0) := (others => '0');
  signal sum      : std_logic_vector(15 downto 0);
  signal summed   : std_logic_vector(15 downto 0);
  signal byte     : std_logic_vector(7 downto 0);         -- the one that the sum takes next
  signal outgoing : std_logic_vector(7 downto 0);
  signal content  : std_logic_vector(8 * CONTENT_BYTES - 1 downto 0);
  signal writing  : std_logic;
  signal starting : std_logic;
  signal sent     : std_logic;
  signal sending  : std_logic := '0';
  signal answers  : std_logic;
begin

  wanted  <= to_unsigned(REQUEST_BYTES, 16) when kind = KIND_WINDOW else (others => '0');
  answers <= '1' when state = HEAD or state = CONTENTS or state = TAIL else '0';
  byte    <= outgoing when answers = '1' else rx_data;
  summed  <= crc_of(sum, byte);

  accelerator_rst <= '1' when rst = '1' or state = RESETTING else '0';
  s_axis_tready   <= '1' when state = COLLECT else '0';
  tx_valid        <= sending;

  length <=
    to_unsigned(REPLY_BYTES, 16) when kind = KIND_WINDOW else
    to_unsigned(IDENTITY_SIZE, 16) when kind = KIND_IDENTIFY else
    to_unsigned(0, 16) when kind = KIND_RESET else
    to_unsigned(1, 16);

  outgoing_byte : process (all) is
  begin
    outgoing <= content(content'high downto content'high - 7);
    if state = TAIL then
      outgoing <= sum(15 downto 8);
      if piece = 1 then
        outgoing <= sum(7 downto 0);
      end if;
    elsif state = HEAD then
      case to_integer(piece) is
        when 0      => outgoing <= START_REPLY;
        when 1      => outgoing <= kind;
        when 2      => outgoing <= std_logic_vector(length(15 downto 8));
        when others => outgoing <= std_logic_vector(length(7 downto 0));
      end case;
    end if;
  end process outgoing_byte;

  writing  <= rx_valid when state = PAYLOAD else '0';
  starting <= '1' when state = START else '0';

  payload_memory : entity work.request_memory
    generic map (
      VALUES        => VALUES,
      ELEMENT_BYTES => INPUT_BYTES,
      LEAST_FIRST   => false,
      STYLE         => STYLE
    )
    port map (
      clk           => clk,
      rst           => rst,
      write_enable  => writing,
      write_address => count(counter_bits(REQUEST_BYTES) - 1 downto 0),
      write_data    => rx_data,
      start         => starting,
      sent          => sent,
      m_axis_tvalid => m_axis_tvalid,
      m_axis_tready => m_axis_tready,
      m_axis_tdata  => m_axis_tdata
    );

  process (clk) is

    -- Answer with an error when the line has become quiet.
    procedure fail (code : std_logic_vector(7 downto 0)) is
    begin
      kind                                             <= KIND_ERROR;
      content(content'high downto content'high - 7) <= code;
      state                                            <= DRAIN;
    end procedure fail;

    -- Begin the answer.
    procedure answer is
    begin
      state <= HEAD;
      piece <= (others => '0');
      count <= (others => '0');
    end procedure answer;

  begin
    if rising_edge(clk) then
      silence <= silence + 1;
      if rx_valid = '1' or rx_bad = '1' or state = IDLE or (state = DRAIN and rx_quiet = '0') then
        silence <= (others => '0');
      end if;

      case state is

        when IDLE =>
          sum   <= CRC_START;
          count <= (others => '0');
          piece <= (others => '0');
          if rx_bad = '1' then
            fail(ERROR_LINE);
          elsif rx_valid = '1' then
            if rx_data = START_REQUEST then
              state <= KIND_BYTE;
            elsif rx_data /= x"00" then
              fail(ERROR_START);
            end if;
          end if;

        when KIND_BYTE =>
          if rx_valid = '1' then
            kind  <= rx_data;
            sum   <= summed;
            state <= LENGTH_HIGH;
            if rx_data /= KIND_WINDOW and rx_data /= KIND_IDENTIFY and rx_data /= KIND_RESET then
              fail(ERROR_KIND);
            end if;
          end if;

        when LENGTH_HIGH =>
          if rx_valid = '1' then
            sum   <= summed;
            state <= LENGTH_LOW;
            if unsigned(rx_data) /= wanted(15 downto 8) then
              fail(ERROR_LENGTH);
            end if;
          end if;

        when LENGTH_LOW =>
          if rx_valid = '1' then
            sum   <= summed;
            state <= SUM_HIGH;
            if kind = KIND_WINDOW then
              state <= PAYLOAD;
            end if;
            if unsigned(rx_data) /= wanted(7 downto 0) then
              fail(ERROR_LENGTH);
            end if;
          end if;

        when PAYLOAD =>
          if rx_valid = '1' then
            sum   <= summed;
            count <= count + 1;
            if count = REQUEST_BYTES - 1 then
              state <= SUM_HIGH;
            end if;
          end if;

        when SUM_HIGH =>
          if rx_valid = '1' then
            sum   <= summed;
            state <= SUM_LOW;
          end if;

        when SUM_LOW =>
          count <= (others => '0');
          if rx_valid = '1' then
            -- The sum over a frame and its own sum is zero.
            if summed /= x"0000" then
              fail(ERROR_SUM);
            elsif kind = KIND_WINDOW then
              state <= START;
            elsif kind = KIND_RESET then
              state <= RESETTING;
            else
              content(content'high downto content'high - 31) <= IDENTITY;
              answer;
            end if;
          end if;

        when DRAIN =>
          if silence(GAP_BITS) = '1' then
            answer;
          end if;

        when RESETTING =>
          count <= count + 1;
          if count = 1 then
            answer;
          end if;

        when START =>
          state <= SEND;

        when SEND =>
          if sent = '1' then
            state <= AWAIT;
          end if;

        -- Bytes of an answer follow each other at once: on an SPI bus there is no waiting within a frame.
        when AWAIT =>
          if s_axis_tvalid = '1' then
            answer;
          end if;

        when HEAD =>
          if sending = '0' then
            sending <= '1';
            tx_data <= outgoing;
            piece   <= piece + 1;
            -- The start is not in the sum.
            sum     <= summed;
            if piece = 0 then
              sum <= CRC_START;
            end if;
            if piece = 3 then
              piece <= (others => '0');
              state <= CONTENTS;
              if kind = KIND_WINDOW then
                state <= COLLECT;
              elsif kind = KIND_RESET then
                state <= TAIL;
              end if;
            end if;
          end if;

        when COLLECT =>
          content(content'high downto content'high - s_axis_tdata'length + 1) <= s_axis_tdata;
          if s_axis_tvalid = '1' then
            state <= CONTENTS;
          end if;

        when CONTENTS =>
          if sending = '0' then
            sending <= '1';
            tx_data <= outgoing;
            sum     <= summed;
            content <= content(content'high - 8 downto 0) & x"00";
            count   <= count + 1;
            piece   <= piece + 1;
            if piece = OUTPUT_BYTES - 1 and kind = KIND_WINDOW then
              piece <= (others => '0');
              state <= COLLECT;
            end if;
            if count = length - 1 then
              piece <= (others => '0');
              state <= TAIL;
            end if;
          end if;

        when TAIL =>
          if sending = '0' then
            sending <= '1';
            tx_data <= outgoing;
            piece   <= piece + 1;
            if piece = 1 then
              state <= IDLE;
            end if;
          end if;

      end case;

      if sending = '1' and tx_ready = '1' then
        sending <= '0';
      end if;

      case state is
        when KIND_BYTE | LENGTH_HIGH | LENGTH_LOW | PAYLOAD | SUM_HIGH | SUM_LOW =>
          if rx_bad = '1' then
            fail(ERROR_LINE);
          elsif silence(TIMEOUT_BITS) = '1' then
            fail(ERROR_TIMEOUT);
          end if;
        when others =>
          null;
      end case;

      if rst = '1' then
        state   <= IDLE;
        sending <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
