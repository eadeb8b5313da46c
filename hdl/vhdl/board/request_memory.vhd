-- Keeps the bytes of a request, and sends them as elements when `start` is high for a clock; `sent` is high with the
-- last one.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity request_memory is
  generic (
    VALUES        : positive;
    ELEMENT_BYTES : positive;
    LEAST_FIRST   : boolean;  -- order of an element's bytes
    STYLE         : string    -- of the memory: "distributed" or "block"
  );
  port (
    clk           : in  std_logic;
    rst           : in  std_logic;
    write_enable  : in  std_logic;
    write_address : in  unsigned(counter_bits(VALUES * ELEMENT_BYTES) - 1 downto 0);
    write_data    : in  std_logic_vector(7 downto 0);
    start         : in  std_logic;
    sent          : out std_logic;
    m_axis_tvalid : out std_logic;
    m_axis_tready : in  std_logic;
    m_axis_tdata  : out std_logic_vector(8 * ELEMENT_BYTES - 1 downto 0)
  );
end entity request_memory;

architecture rtl of request_memory is
  constant BYTES        : positive := VALUES * ELEMENT_BYTES;
  constant ADDRESS_BITS : positive := counter_bits(BYTES);

  type state_t is (IDLE, ADDRESS, FETCH, LATCH, OFFER);
  signal state   : state_t := IDLE;
  signal count   : unsigned(ADDRESS_BITS downto 0) := (others => '0');  -- bytes that were read
  signal piece   : unsigned(counter_bits(ELEMENT_BYTES + 1) - 1 downto 0) := (others => '0');
  signal element : std_logic_vector(8 * ELEMENT_BYTES - 1 downto 0);
  signal stored  : std_logic_vector(7 downto 0);
begin

  sent          <= '1' when state = OFFER and m_axis_tready = '1' and count = BYTES else '0';
  m_axis_tvalid <= '1' when state = OFFER else '0';
  m_axis_tdata  <= element;

  memory : entity work.dual_port_ram
    generic map (
      BITS  => 8,
      DEPTH => 2 ** ADDRESS_BITS,  -- `count` goes beyond the last byte
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => write_enable,
      write_address => write_address,
      write_data    => write_data,
      read_address  => count(ADDRESS_BITS - 1 downto 0),
      read_data     => stored
    );

  process (clk) is
  begin
    if rising_edge(clk) then
      case state is

        when IDLE =>
          count <= (others => '0');
          piece <= (others => '0');
          if start = '1' then
            state <= ADDRESS;
          end if;

        -- A memory is read in two clocks.
        when ADDRESS =>
          state <= FETCH;

        when FETCH =>
          state <= LATCH;

        when LATCH =>
          if LEAST_FIRST then
            element <= std_logic_vector(
              resize(unsigned(std_logic_vector'(stored & element)) srl 8, element'length));
          else
            element <= std_logic_vector(resize(unsigned(std_logic_vector'(element & stored)), element'length));
          end if;
          count <= count + 1;
          piece <= piece + 1;
          state <= ADDRESS;
          if piece = ELEMENT_BYTES - 1 then
            piece <= (others => '0');
            state <= OFFER;
          end if;

        when OFFER =>
          if m_axis_tready = '1' then
            state <= ADDRESS;
            if count = BYTES then
              state <= IDLE;
            end if;
          end if;

      end case;

      if rst = '1' then
        state <= IDLE;
      end if;
    end if;
  end process;

end architecture rtl;
