-- Memories and multipliers side by side, for every kind of cell that a mapper makes of them.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity cells_check is
  port (
    clk      : in  std_logic;
    stimulus : in  std_logic_vector(127 downto 0);
    answer   : out std_logic_vector(189 downto 0)
  );
end entity cells_check;

architecture test of cells_check is
  signal signed_sum, unsigned_sum : signed(23 downto 0);
  signal rotated                  : std_logic_vector(127 downto 0);
  signal found                    : std_logic_vector(answer'range);
  signal delay                    : std_logic_vector(19 downto 0) := (others => '0');
  signal odd                      : std_logic                     := '0';
begin

  rotated <= stimulus(63 downto 0) & stimulus(127 downto 64);

  -- Widths and depths for different widths of ports; the last two lie in LUTs.
  rams : block is
    type integers_t is array (natural range <>) of natural;
    constant BITS      : integers_t := (9, 18, 36, 4, 6, 8);
    constant LOG_DEPTH : integers_t := (11, 10, 9, 12, 5, 7);
    constant FIRST     : integers_t := (0, 9, 27, 63, 67, 73);

    function style (index : natural) return string is
    begin
      if index >= BITS'length - 2 then
        return "distributed";
      end if;
      return "block";
    end function style;
  begin
    each : for index in BITS'range generate
      constant STYLE_OF : string := style(index);

      signal write_address, read_address : unsigned(LOG_DEPTH(index) - 1 downto 0);
      signal reads_odd                   : std_logic;
    begin
      -- What is read where a word is being written is open: even words are written in one clock, odd ones in the next.
      reads_odd     <= odd when STYLE_OF = "distributed" else not odd;
      write_address <= unsigned(stimulus(LOG_DEPTH(index) - 1 downto 1)) & odd;
      read_address  <= unsigned(stimulus(LOG_DEPTH(index) + 39 downto 41)) & reads_odd;

      ram : entity work.dual_port_ram
        generic map (
          BITS  => BITS(index),
          DEPTH => 2 ** LOG_DEPTH(index),
          STYLE => STYLE_OF
        )
        port map (
          clk           => clk,
          write_enable  => stimulus(127 - index),
          write_address => write_address,
          write_data    => rotated(BITS(index) + 19 downto 20),
          read_address  => read_address,
          read_data     => found(FIRST(index) + BITS(index) - 1 downto FIRST(index))
        );
    end generate each;
  end block rams;

  narrow_rom : entity work.narrow_rom
    port map (clk => clk, address => unsigned(stimulus(8 downto 0)), data => found(88 downto 81));

  wide_rom : entity work.wide_rom
    port map (clk => clk, address => unsigned(stimulus(9 downto 0)), data => found(128 downto 89));

  small_rom : entity work.small_rom
    port map (clk => clk, address => unsigned(stimulus(6 downto 0)), data => found(136 downto 129));

  -- Four lanes whose registers are parts of one signal, as mac_lanes has them.
  signed_lanes : entity work.mac_lanes
    generic map (LANES => 4, X_BITS => 8, X_SIGNED => true, W_BITS => 8, ACC_BITS => 24, MULTIPLIER => "dsp")
    port map (
      clk        => clk,
      rst        => '0',
      valid      => stimulus(64),
      first      => stimulus(65),
      last       => stimulus(66),
      x          => stimulus(75 downto 68),
      w          => stimulus(107 downto 76),
      data_next  => found(137),
      data_valid => found(138),
      data       => signed_sum
    );

  unsigned_lanes : entity work.mac_lanes
    generic map (LANES => 2, X_BITS => 8, X_SIGNED => false, W_BITS => 7, ACC_BITS => 24, MULTIPLIER => "dsp")
    port map (
      clk        => clk,
      rst        => '0',
      valid      => stimulus(64),
      first      => stimulus(65),
      last       => stimulus(66),
      x          => stimulus(75 downto 68),
      w          => stimulus(89 downto 76),
      data_next  => found(139),
      data_valid => found(140),
      data       => unsigned_sum
    );

  found(164 downto 141) <= std_logic_vector(signed_sum);
  found(188 downto 165) <= std_logic_vector(unsigned_sum);

  process (clk) is
  begin
    if rising_edge(clk) then
      odd    <= not odd;
      delay  <= delay(18 downto 0) & stimulus(3);
      answer <= found;
    end if;
  end process;

  -- A shift register's last bit alone would be a part of it and of the answer.
  found(189) <= delay(19) xor stimulus(5);

end architecture test;
