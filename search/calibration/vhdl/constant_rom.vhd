-- A ROM of given words, as the generator writes them with their words in the text.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity constant_rom is
  generic (
    DEPTH : positive;
    BITS  : positive;
    WORDS : string  -- of '0' and '1', the first word first, its highest bit first
  );
  port (
    clk     : in  std_logic;
    address : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    data    : out std_logic_vector(BITS - 1 downto 0)
  );
end entity constant_rom;

architecture rtl of constant_rom is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(BITS - 1 downto 0);

  function contents return memory_t is
    variable result : memory_t := (others => (others => '0'));
  begin
    for word in 0 to DEPTH - 1 loop
      for bit in 0 to BITS - 1 loop
        if WORDS(WORDS'left + word * BITS + bit) = '1' then
          result(word)(BITS - 1 - bit) := '1';
        end if;
      end loop;
    end loop;
    return result;
  end function contents;

  constant MEMORY : memory_t := contents;

  attribute rom_style           : string;
  attribute rom_style of MEMORY : constant is "distributed";
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      data <= MEMORY(to_integer(address));
    end if;
  end process;

end architecture rtl;
