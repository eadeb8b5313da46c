-- CRC-16 of the frames: polynomial x^16 + x^12 + x^5 + 1, begun with all ones, no reflection, nothing inverted at the
-- end (CRC-16/IBM-3740 in the RevEng catalogue, also called CCITT-FALSE; "123456789" gives 29B1).
library ieee;
use ieee.std_logic_1164.all;

package crc16 is

  constant CRC_START : std_logic_vector(15 downto 0) := (others => '1');

  -- The sum with one more byte.
  function crc_of (sum : std_logic_vector(15 downto 0); byte : std_logic_vector(7 downto 0)) return std_logic_vector;

end package crc16;

package body crc16 is

  function crc_of (sum : std_logic_vector(15 downto 0); byte : std_logic_vector(7 downto 0)) return std_logic_vector is
    variable result : std_logic_vector(15 downto 0);
    variable carry  : std_logic;
  begin
    result := sum;
    for index in 7 downto 0 loop
      carry  := result(15) xor byte(index);
      result := result(14 downto 0) & '0';
      if carry = '1' then
        result := result xor x"1021";
      end if;
    end loop;
    return result;
  end function crc_of;

end package body crc16;
