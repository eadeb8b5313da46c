-- COUNT lanes that share x, each with weights of its own: whole lanes, as a synthesis tool counts them.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity lane_array is
  generic (
    COUNT    : positive;
    X_BITS   : positive;
    X_SIGNED : boolean;
    W_BITS   : positive;
    ACC_BITS : positive
  );
  port (
    clk    : in  std_logic;
    rst    : in  std_logic;
    valid  : in  std_logic;
    first  : in  std_logic;
    last   : in  std_logic;
    x      : in  std_logic_vector(X_BITS - 1 downto 0);
    w      : in  std_logic_vector(COUNT * W_BITS - 1 downto 0);
    result : out std_logic_vector(COUNT * ACC_BITS - 1 downto 0)
  );
end entity lane_array;

architecture rtl of lane_array is
begin

  lanes : for index in 0 to COUNT - 1 generate
    signal own : signed(ACC_BITS - 1 downto 0);
  begin
    lane : entity work.mac_lane
      generic map (
        X_BITS     => X_BITS,
        X_SIGNED   => X_SIGNED,
        W_BITS     => W_BITS,
        ACC_BITS   => ACC_BITS,
        MULTIPLIER => "lut"
      )
      port map (
        clk    => clk,
        rst    => rst,
        valid  => valid,
        first  => first,
        last   => last,
        x      => x,
        w      => w((index + 1) * W_BITS - 1 downto index * W_BITS),
        result => own
      );

    result((index + 1) * ACC_BITS - 1 downto index * ACC_BITS) <= std_logic_vector(own);
  end generate lanes;

end architecture rtl;
