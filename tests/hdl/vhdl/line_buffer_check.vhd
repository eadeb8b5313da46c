-- Images through `line_buffer`, with pauses on both sides and a reset in the middle of one: every word of every centre.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity line_buffer_check is
  generic (
    LANES  : positive := 2;
    WORDS  : positive := 3;
    GROUPS : positive := 3;
    LENGTH : positive := 5;
    LINES  : positive := 4;
    STRIDE : positive := 1;
    PLACES : positive := 11;
    DEPTH  : positive := 64;
    IMAGES : positive := 3;
    STYLE  : string   := "distributed"
  );
end entity line_buffer_check;

architecture test of line_buffer_check is
  constant BITS    : positive := 7;
  constant INNER   : positive := WORDS / GROUPS;
  constant TAPS    : positive := 3 - 2 * boolean'pos(LENGTH = 1);
  constant CENTRES : positive := (LENGTH + STRIDE - 1) / STRIDE;
  constant ROUNDS  : positive := (LINES + STRIDE - 1) / STRIDE;
  constant STEPS   : positive := GROUPS * 3 * TAPS * INNER;
  constant DELAY   : positive := work.pipeline.READ;

  subtype word_t is std_logic_vector(LANES * BITS - 1 downto 0);

  type words_t is array (1 to DELAY) of word_t;

  signal clk         : std_logic := '0';
  signal rst         : std_logic := '1';
  signal start       : std_logic := '0';
  signal ready       : std_logic;
  signal write_valid : std_logic := '0';
  signal write_data  : std_logic_vector(BITS - 1 downto 0) := (others => '0');
  signal available   : std_logic;
  signal step        : std_logic := '0';
  signal retire      : std_logic := '0';
  signal read_data   : word_t;

  function element (image : natural; pixel : natural; place : natural) return natural is
  begin
    return (image * 37 + pixel * (WORDS * LANES) + place + 1) mod 2 ** BITS;
  end function element;

  -- The word that a step of a centre reads.
  function word_of (image : natural; centre : natural; number : natural) return word_t is
    constant INSIDE : natural := number mod INNER;
    constant TAP    : natural := number / INNER mod TAPS;
    constant BELOW  : natural := number / (INNER * TAPS) mod 3;
    constant GROUP_NUMBER : natural := number / (INNER * TAPS * 3);
    constant Y      : integer := centre / CENTRES * STRIDE + BELOW - 1;
    constant X      : integer := centre mod CENTRES * STRIDE + TAP - TAPS / 2;
    variable result : word_t := (others => '0');
  begin
    if Y >= 0 and Y < LINES and X >= 0 and X < LENGTH then
      for lane in 0 to LANES - 1 loop
        result((lane + 1) * BITS - 1 downto lane * BITS) := std_logic_vector(to_unsigned(
          element(image, Y * LENGTH + X, (GROUP_NUMBER * INNER + INSIDE) * LANES + lane), BITS));
      end loop;
    end if;
    return result;
  end function word_of;
begin

  dut : entity work.line_buffer
    generic map (
      BITS   => BITS,
      LANES  => LANES,
      WORDS  => WORDS,
      GROUPS => GROUPS,
      LENGTH => LENGTH,
      LINES  => LINES,
      STRIDE => STRIDE,
      PLACES => PLACES,
      DEPTH  => DEPTH,
      STYLE  => STYLE
    )
    port map (
      clk         => clk,
      rst         => rst,
      start       => start,
      ready       => ready,
      write_valid => write_valid,
      write_data  => write_data,
      available   => available,
      step        => step,
      retire      => retire,
      read_data   => read_data
    );

  process is
    variable noise    : unsigned(15 downto 0) := x"ACE1";
    -- The pixel that is being written, and how many of its elements have been sent.
    variable pixel    : natural := 0;
    variable sent     : natural := 0;
    variable writing  : boolean := false;
    -- The centre that is being read, and its next step.
    variable centre   : natural := 0;
    variable number   : natural := 0;
    variable reading  : boolean := false;
    variable expected : words_t;
    variable due      : std_logic_vector(1 to DELAY) := (others => '0');
    variable checked  : natural := 0;

    procedure clock is
    begin
      clk <= '0';
      wait for 1 ns;
      clk <= '1';
      wait for 1 ns;
      if due(DELAY) = '1' then
        assert read_data = expected(DELAY)
          report "centre " & integer'image(centre) & " step " & integer'image(number) & ": expected "
                 & to_string(expected(DELAY)) & ", got " & to_string(read_data)
          severity failure;
        checked := checked + 1;
      end if;
      noise := noise(14 downto 0) & (noise(15) xor noise(13) xor noise(12) xor noise(10));
    end procedure clock;

    procedure write is
    begin
      start       <= '0';
      write_valid <= '0';
      if not writing and ready = '1' and pixel < IMAGES * LINES * LENGTH and noise(1 downto 0) /= "00" then
        start   <= '1';
        writing := true;
        sent    := 0;
      elsif writing and noise(3 downto 2) /= "00" then
        write_valid <= '1';
        write_data  <= std_logic_vector(to_unsigned(
          element(pixel / (LINES * LENGTH), pixel mod (LINES * LENGTH), sent), BITS));
        sent := sent + 1;
        if sent = WORDS * LANES then
          writing := false;
          pixel   := pixel + 1;
        end if;
      end if;
    end procedure write;

    procedure read is
      constant IN_IMAGE : positive := CENTRES * ROUNDS;
      variable now      : word_t := (others => '0');
      variable steps_on : std_logic := '0';
    begin
      step   <= '0';
      retire <= '0';
      if not reading and available = '1' and noise(5 downto 4) /= "00" then
        reading := true;
        number  := 0;
      end if;
      if reading then
        now      := word_of(centre / IN_IMAGE, centre mod IN_IMAGE, number);
        steps_on := '1';
        step     <= '1';
        number   := number + 1;
        if number = STEPS then
          retire  <= '1';
          reading := false;
          centre  := centre + 1;
        end if;
      end if;
      expected := now & expected(1 to DELAY - 1);
      due      := steps_on & due(1 to DELAY - 1);
    end procedure read;

    procedure play (centres_wanted : natural) is
    begin
      pixel   := 0;
      sent    := 0;
      writing := false;
      centre  := 0;
      reading := false;
      due     := (others => '0');
      rst     <= '1';
      start   <= '0';
      step    <= '0';
      retire  <= '0';
      write_valid <= '0';
      clock;
      clock;
      rst <= '0';
      while centre < centres_wanted loop
        -- Flags are those behind the last clock.
        write;
        read;
        clock;
      end loop;
      write_valid <= '0';
      start       <= '0';
      for waiting in 1 to DELAY loop
        step   <= '0';
        retire <= '0';
        expected := word_t'(others => '0') & expected(1 to DELAY - 1);
        due      := '0' & due(1 to DELAY - 1);
        clock;
      end loop;
    end procedure play;
  begin
    play(CENTRES * ROUNDS / 2);
    checked := 0;
    play(IMAGES * CENTRES * ROUNDS);
    assert ready = '1' and available = '0'
      report "an empty buffer has places and no lines"
      severity failure;
    report integer'image(checked) & " words are right";
    wait;
  end process;

end architecture test;
