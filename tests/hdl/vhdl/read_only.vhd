-- ROM with a registered read and pseudo-random contents.
-- STYLE "logic" needs two attributes: Yosys looks at ram_style first, and takes rom_style "distributed" for an error;
-- Vivado looks at rom_style.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity read_only is
  generic (
    DEPTH        : positive := 256;
    WIDTH        : positive := 8;
    ADDRESS_BITS : positive := 8;
    STYLE        : string   := "auto";
    SEED         : positive := 1
  );
  port (
    clk       : in  std_logic;
    address   : in  unsigned(ADDRESS_BITS - 1 downto 0);
    read_data : out std_logic_vector(WIDTH - 1 downto 0)
  );
end entity;

architecture rtl of read_only is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(WIDTH - 1 downto 0);

  function random_contents return memory_t is
    variable state  : unsigned(30 downto 0) := to_unsigned(SEED, 31);
    variable result : memory_t;
  begin
    for i in result'range loop
      for j in 0 to WIDTH - 1 loop
        -- x**31 + x**28 + 1, many steps a bit so that neighbours are unrelated.
        for k in 1 to 11 loop
          state := state(29 downto 0) & (state(30) xor state(27));
        end loop;
        result(i)(j) := state(0);
      end loop;
    end loop;
    return result;
  end function;

  function first_style return string is
  begin
    if STYLE = "block" then
      return "block";
    elsif STYLE = "logic" then
      return "logic";
    end if;
    return "auto";
  end function;

  function second_style return string is
  begin
    if STYLE = "logic" then
      return "distributed";
    end if;
    return STYLE;
  end function;

  constant MEMORY : memory_t := random_contents;
  attribute ram_style : string;
  attribute ram_style of MEMORY : constant is first_style;
  attribute rom_style : string;
  attribute rom_style of MEMORY : constant is second_style;
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      read_data <= MEMORY(to_integer(address));
    end if;
  end process;

end architecture;
