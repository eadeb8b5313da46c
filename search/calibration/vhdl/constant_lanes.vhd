-- Lanes whose weights never change, as in an engine with a lane for every product: what synthesis leaves of them.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity constant_lanes is
  generic (
    LANES    : positive;
    X_BITS   : positive;
    X_SIGNED : boolean;
    W_BITS   : positive;
    ACC_BITS : positive;
    WEIGHTS  : string  -- of '0' and '1', the last lane's highest bit first
  );
  port (
    clk        : in  std_logic;
    rst        : in  std_logic;
    valid      : in  std_logic;
    first      : in  std_logic;
    last       : in  std_logic;
    x          : in  std_logic_vector(X_BITS - 1 downto 0);
    data_valid : out std_logic;
    data       : out signed(ACC_BITS - 1 downto 0)
  );
end entity constant_lanes;

architecture rtl of constant_lanes is
  function bits (text : string) return std_logic_vector is
    variable result : std_logic_vector(text'length - 1 downto 0) := (others => '0');
  begin
    for index in text'range loop
      if text(index) = '1' then
        result(text'length - 1 - (index - text'left)) := '1';
      end if;
    end loop;
    return result;
  end function bits;

  constant W : std_logic_vector(LANES * W_BITS - 1 downto 0) := bits(WEIGHTS);
begin

  lanes_of_engine : entity work.mac_lanes
    generic map (
      LANES      => LANES,
      X_BITS     => X_BITS,
      X_SIGNED   => X_SIGNED,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => "lut"
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid,
      first      => first,
      last       => last,
      x          => x,
      w          => W,
      data_next  => open,
      data_valid => data_valid,
      data       => data
    );

end architecture rtl;
