-- Where the bias of each score lies whose keys are kept in a ring: by head and distance from the newest key.
--
-- Scores leave head by head, in the order of the ring's places. Row by row the newest key moves on by a place, and the
-- key at a place is one row further away than the one behind it. ROM: word head * KEYS + distance.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity ring_bias is
  generic (
    HEADS : positive;
    KEYS  : positive
  );
  port (
    clk     : in  std_logic;
    rst     : in  std_logic;
    step    : in  std_logic;
    address : out unsigned(counter_bits(HEADS * KEYS) - 1 downto 0)
  );
end entity ring_bias;

architecture rtl of ring_bias is
  subtype place_t is unsigned(counter_bits(KEYS) - 1 downto 0);

  subtype address_t is unsigned(counter_bits(HEADS * KEYS) - 1 downto 0);

  signal place, newest, distance : place_t := (others => '0');
  signal head                    : unsigned(counter_bits(HEADS) - 1 downto 0) := (others => '0');
  signal word                    : address_t := (others => '0');
begin

  address <= word;

  process (clk) is
    variable next_newest : place_t;
  begin
    if rising_edge(clk) then
      if step = '1' then
        place <= following(place, KEYS - 1);
        if place = KEYS - 1 then
          -- The next head's first place, or the next row's.
          head        <= following(head, HEADS - 1);
          next_newest := newest;
          word        <= resize(word + (KEYS - 1), word'length);
          if distance = 0 then
            word <= resize(word + (2 * KEYS - 1), word'length);
          end if;
          if head = HEADS - 1 then
            next_newest := following(newest, KEYS - 1);
            word        <= resize(next_newest, word'length);
          end if;
          newest   <= next_newest;
          distance <= next_newest;
        elsif distance = 0 then
          distance <= to_unsigned(KEYS - 1, distance'length);
          word     <= resize(word + (KEYS - 1), word'length);
        else
          distance <= distance - 1;
          word     <= word - 1;
        end if;
      end if;
      if rst = '1' then
        place    <= (others => '0');
        newest   <= (others => '0');
        distance <= (others => '0');
        head     <= (others => '0');
        word     <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
