-- Bytes from and to the master of an SPI bus: mode 0 (clock idle low, data taken at its rise), the highest bit first.
--
-- The bus is sampled with the FPGA's clock: `sck` at most a tenth of it. A byte that is there when one begins on the
-- bus is taken and sent, else zeros are. `quiet` is high while the slave is not selected.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity spi_slave is
  port (
    clk      : in  std_logic;
    rst      : in  std_logic;
    sck      : in  std_logic;
    cs_n     : in  std_logic;
    mosi     : in  std_logic;
    miso     : out std_logic;
    rx_valid : out std_logic;
    rx_data  : out std_logic_vector(7 downto 0);
    tx_valid : in  std_logic;
    tx_ready : out std_logic;
    tx_data  : in  std_logic_vector(7 downto 0);
    quiet    : out std_logic
  );
end entity spi_slave;

architecture rtl of spi_slave is
  signal sck_line  : std_logic_vector(3 downto 0) := (others => '0');
  signal cs_line   : std_logic_vector(3 downto 0) := (others => '1');
  signal mosi_line : std_logic_vector(2 downto 0) := (others => '0');
  signal bits      : unsigned(2 downto 0) := (others => '0');
  signal received  : std_logic_vector(7 downto 0) := (others => '0');
  signal outgoing  : std_logic_vector(7 downto 0) := (others => '0');
  signal selected  : std_logic;
  signal rises     : std_logic;
  signal falls     : std_logic;
  signal begins    : std_logic;  -- of a byte on the bus
begin

  selected <= not cs_line(2);
  rises    <= selected and sck_line(2) and not sck_line(3);
  falls    <= selected and sck_line(3) and not sck_line(2);
  begins   <= '1' when (selected = '1' and cs_line(3) = '1') or (falls = '1' and bits = 0) else '0';
  tx_ready <= begins;
  rx_data  <= received;
  quiet    <= not selected;
  miso     <= outgoing(7);

  process (clk) is
  begin
    if rising_edge(clk) then
      sck_line  <= sck_line(2 downto 0) & sck;
      cs_line   <= cs_line(2 downto 0) & cs_n;
      mosi_line <= mosi_line(1 downto 0) & mosi;
      rx_valid  <= '0';
      if begins = '1' then
        outgoing <= (others => '0');
        if tx_valid = '1' then
          outgoing <= tx_data;
        end if;
      elsif falls = '1' then
        outgoing <= outgoing(6 downto 0) & '0';
      end if;
      if rises = '1' then
        received <= received(6 downto 0) & mosi_line(2);
        bits     <= bits + 1;
        if bits = 7 then
          rx_valid <= '1';
        end if;
      end if;
      if rst = '1' or selected = '0' then
        bits     <= (others => '0');
        rx_valid <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
