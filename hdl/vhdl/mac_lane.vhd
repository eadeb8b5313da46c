-- One multiply-accumulate lane: the sum of x * w over a group, one product a clock.
--
-- valid, first and last go with x and w. `result` holds a group's sum from lane_latency clocks after the group's last
-- product until the next group's. In a DSP48E1 all registers are inside the slice: the accumulator is loaded
-- through the multiplexer in front of its adder. In LUTs the accumulator is cleared instead, which costs no LUT; of
-- a factor of two bits the only row goes straight into it.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity mac_lane is
  generic (
    X_BITS     : positive;
    X_SIGNED   : boolean;
    W_BITS     : positive;
    ACC_BITS   : positive;
    MULTIPLIER : string  -- "dsp" or "lut"
  );
  port (
    clk    : in  std_logic;
    rst    : in  std_logic;
    valid  : in  std_logic;
    first  : in  std_logic;
    last   : in  std_logic;
    x      : in  std_logic_vector(X_BITS - 1 downto 0);
    w      : in  std_logic_vector(W_BITS - 1 downto 0);
    result : out signed(ACC_BITS - 1 downto 0)
  );
end entity mac_lane;

architecture rtl of mac_lane is
begin

  dsp : if MULTIPLIER = "dsp" generate
    -- An unsigned factor gets a zero sign bit: the slice's inputs have bits to spare.
    constant X_EXTRA : natural := boolean'pos(not X_SIGNED);

    signal factor         : signed(X_BITS + X_EXTRA - 1 downto 0);
    signal product        : signed(X_BITS + X_EXTRA + W_BITS - 1 downto 0);
    signal sum, addend    : signed(ACC_BITS - 1 downto 0);
    signal valid_1        : std_logic := '0';
    signal first_1        : std_logic := '0';
    signal last_1, last_2 : std_logic := '0';

    attribute use_dsp            : string;
    attribute use_dsp of product : signal is "yes";
  begin
    signed_x : if X_SIGNED generate
      factor <= signed(x);
    else generate
      factor <= signed('0' & x);
    end generate signed_x;

    addend <= (others => '0') when first_1 = '1' else sum;

    process (clk) is
    begin
      if rising_edge(clk) then
        product <= factor * signed(w);
        if valid_1 = '1' then
          sum <= addend + resize(product, ACC_BITS);
        end if;
        if last_2 = '1' then
          result <= sum;
        end if;
        first_1 <= first;
        valid_1 <= valid;
        last_1  <= last and valid;
        last_2  <= last_1;
        if rst = '1' then
          valid_1 <= '0';
          last_1  <= '0';
          last_2  <= '0';
        end if;
      end if;
    end process;
  end generate dsp;

  lut : if MULTIPLIER = "lut" generate
    signal sum           : signed(ACC_BITS - 1 downto 0) := (others => '0');
    signal next_sum      : signed(ACC_BITS - 1 downto 0);
    signal adding, clear : std_logic;
  begin
    single_row : if booth_bits(X_BITS, X_SIGNED, W_BITS) = 2 generate
      -- The encoded factor's two bits, and the other one with a sign.
      signal high, middle : std_logic;
      signal addend       : signed(X_BITS + W_BITS - 2 + boolean'pos(not X_SIGNED) - 1 downto 0);
    begin
      encode_x : if encodes_x(X_BITS, X_SIGNED, W_BITS) generate
        high   <= x(1);
        middle <= x(0);
        addend <= signed(w);
      elsif X_SIGNED generate
        high   <= w(1);
        middle <= w(0);
        addend <= signed(x);
      else generate
        high   <= w(1);
        middle <= w(0);
        addend <= signed('0' & x);
      end generate encode_x;

      adding   <= valid;
      clear    <= (valid and last) or rst;
      next_sum <= sum + resize(booth_row(addend, high, middle, '0'), ACC_BITS) + signed'('0' & high);
    else generate
      signal product : signed(X_BITS + W_BITS - 1 downto 0);
    begin
      products : entity work.lut_multiplier
        generic map (
          X_BITS   => X_BITS,
          X_SIGNED => X_SIGNED,
          W_BITS   => W_BITS
        )
        port map (
          clk       => clk,
          rst       => rst,
          valid     => valid,
          last      => last,
          x         => x,
          w         => w,
          product   => product,
          valid_out => adding,
          last_out  => clear
        );

      next_sum <= sum + resize(product, ACC_BITS);
    end generate single_row;

    process (clk) is
    begin
      if rising_edge(clk) then
        if adding = '1' then
          sum <= next_sum;
        end if;
        if clear = '1' then
          result <= next_sum;
          sum    <= (others => '0');
        end if;
      end if;
    end process;
  end generate lut;

end architecture rtl;
