-- The last lines of an image, from which an engine reads the pixels around each centre; zero outside the image.
--
-- Pixels of WORDS * LANES elements arrive line by line with the row handshake of row_buffer: `ready` says that a place
-- is free, `start` takes it, its elements follow. Centres are every STRIDE-th pixel of every STRIDE-th line.
-- `available` says that the centre's line and the one below lie there; the engine then reads the pixels around the
-- centre with one `step` a word: 3 x 3 pixels line by line or, where lines have a single pixel, 3. With GROUPS = WORDS
-- it does so for each word of a pixel in turn; with GROUPS = 1 it reads all words of a pixel before the next pixel.
-- `retire`, with a centre's last step, moves on to the next one; what lies no more around a centre to come gives its
-- place back. `read_data` is the word of a step, READ clocks later.
--
-- A word's address is its number modulo DEPTH, a power of two, so that addresses wrap by themselves.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity line_buffer is
  generic (
    BITS   : positive;
    LANES  : positive;
    WORDS  : positive;
    GROUPS : positive;  -- 1 or WORDS
    LENGTH : positive;  -- pixels of a line
    LINES  : positive;
    STRIDE : positive;  -- 1 or 2
    PLACES : positive;  -- pixels from a centre on
    DEPTH  : positive;
    STYLE  : string
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    start       : in  std_logic;
    ready       : out std_logic;
    write_valid : in  std_logic;
    write_data  : in  std_logic_vector(BITS - 1 downto 0);
    available   : out std_logic;
    step        : in  std_logic;
    retire      : in  std_logic;
    read_data   : out std_logic_vector(LANES * BITS - 1 downto 0)
  );
end entity line_buffer;

architecture rtl of line_buffer is
  constant CENTRES : positive := (LENGTH + STRIDE - 1) / STRIDE;
  constant ROUNDS  : positive := (LINES + STRIDE - 1) / STRIDE;
  -- The last centre's neighbours outside.
  constant AT_END  : boolean := STRIDE * (CENTRES - 1) = LENGTH - 1;
  constant AT_LAST : boolean := STRIDE * (ROUNDS - 1) = LINES - 1;
  constant TAPS    : positive := 3 - 2 * boolean'pos(LENGTH = 1);
  constant INNER   : positive := WORDS / GROUPS;
  -- Pixels from a centre to the next one: in the line, to the next line, to the next image.
  constant NEARBY  : positive := STRIDE;
  constant DOWN    : positive := STRIDE * (LENGTH - CENTRES + 1);
  constant OUT_OF  : positive := LINES * LENGTH - STRIDE * ((ROUNDS - 1) * LENGTH + CENTRES - 1);
  -- Words from one step to the next, and from the last step of a group back to its first.
  constant ONWARD  : positive := 1 + (WORDS - 1) * boolean'pos(GROUPS > 1);
  constant BELOW   : integer := (LENGTH - TAPS + 1) * WORDS - (INNER - 1);
  constant BACK    : integer := -(2 * LENGTH + TAPS - 1) * WORDS - (INNER - 1);
  constant ORIGIN  : integer := -(LENGTH + TAPS / 2) * WORDS;

  constant ADDRESS_BITS : positive := counter_bits(DEPTH);

  subtype address_t is unsigned(ADDRESS_BITS - 1 downto 0);

  subtype place_t is unsigned(counter_bits(PLACES + 1) - 1 downto 0);

  subtype line_t is unsigned(counter_bits(PLACES / LENGTH + 3) - 1 downto 0);

  -- So many words further, or back.
  function words_on (count : integer) return address_t is
  begin
    return to_unsigned(count mod DEPTH, ADDRESS_BITS);
  end function words_on;

  signal lane         : unsigned(counter_bits(LANES) - 1 downto 0) := (others => '0');
  signal line_word    : unsigned(counter_bits(LENGTH * WORDS) - 1 downto 0) := (others => '0');
  signal word_write   : std_logic;
  signal line_written : std_logic;
  signal write_place  : address_t := (others => '0');
  signal gathered     : std_logic_vector(LANES * BITS - 1 downto 0);
  signal history      : std_logic_vector(LANES * BITS - 1 downto 0);

  -- Pixels and lines that lie there or are on their way, from the centre and its line on.
  signal taken         : place_t := (others => '0');
  signal filled        : line_t := (others => '0');
  signal no_place      : std_logic := '0';
  signal has_lines     : std_logic := '0';
  -- The centre, and where in its neighbourhood the next step reads.
  signal column        : unsigned(counter_bits(CENTRES) - 1 downto 0) := (others => '0');
  signal round         : unsigned(counter_bits(ROUNDS) - 1 downto 0) := (others => '0');
  signal word          : unsigned(counter_bits(INNER) - 1 downto 0) := (others => '0');
  signal tap, tap_line : unsigned(1 downto 0) := (others => '0');
  signal cursor        : address_t := words_on(ORIGIN);
  signal outside       : std_logic;
  signal outsides      : std_logic_vector(1 to work.pipeline.READ) := (others => '0');
  signal memory_data   : std_logic_vector(LANES * BITS - 1 downto 0);
begin

  ready        <= not no_place;
  available    <= has_lines;
  word_write   <= write_valid when lane = LANES - 1 else '0';
  line_written <= word_write when line_word = LENGTH * WORDS - 1 else '0';
  outside      <= '1' when (tap_line = 0 and round = 0)
                        or (tap_line = 2 and AT_LAST and round = ROUNDS - 1)
                        or (TAPS = 3 and tap = 0 and column = 0)
                        or (TAPS = 3 and tap = 2 and AT_END and column = CENTRES - 1) else '0';
  read_data    <= memory_data when outsides(work.pipeline.READ) = '0' else (others => '0');

  one_lane : if LANES = 1 generate
    gathered <= write_data;
  else generate
    gathered <= write_data & history(LANES * BITS - 1 downto BITS);
  end generate one_lane;

  writing : process (clk) is
  begin
    if rising_edge(clk) then
      if write_valid = '1' then
        history <= gathered;
        lane    <= following(lane, LANES - 1);
      end if;
      if word_write = '1' then
        line_word   <= following(line_word, LENGTH * WORDS - 1);
        write_place <= write_place + 1;
      end if;
      if rst = '1' then
        lane        <= (others => '0');
        line_word   <= (others => '0');
        write_place <= (others => '0');
      end if;
    end if;
  end process writing;

  counting : process (clk) is
    variable next_taken  : place_t;
    variable next_filled : line_t;
    variable next_round  : unsigned(round'range);
    variable needed      : line_t;
  begin
    if rising_edge(clk) then
      next_taken  := taken;
      next_filled := filled;
      next_round  := round;
      if start = '1' then
        next_taken := next_taken + 1;
      end if;
      if line_written = '1' then
        next_filled := next_filled + 1;
      end if;
      if retire = '1' then
        column <= following(column, CENTRES - 1);
        if column /= CENTRES - 1 then
          next_taken := next_taken - NEARBY;
        else
          next_round := following(round, ROUNDS - 1);
          if round /= ROUNDS - 1 then
            next_taken  := next_taken - DOWN;
            next_filled := next_filled - STRIDE;
          else
            next_taken  := next_taken - OUT_OF;
            next_filled := next_filled - (LINES - STRIDE * (ROUNDS - 1));
          end if;
        end if;
      end if;
      if rst = '1' then
        column      <= (others => '0');
        next_taken  := (others => '0');
        next_filled := (others => '0');
        next_round  := (others => '0');
      end if;

      -- The last line has none below.
      needed := to_unsigned(2, needed'length);
      if AT_LAST and next_round = ROUNDS - 1 then
        needed := to_unsigned(1, needed'length);
      end if;
      taken     <= next_taken;
      filled    <= next_filled;
      round     <= next_round;
      no_place  <= '1' when next_taken = PLACES else '0';
      has_lines <= '1' when next_filled >= needed else '0';
    end if;
  end process counting;

  reading : process (clk) is
    variable way : address_t;
  begin
    if rising_edge(clk) then
      outsides <= outside & outsides(1 to work.pipeline.READ - 1);

      way := words_on(ONWARD);
      if step = '1' then
        word <= following(word, INNER - 1);
        if word = INNER - 1 then
          tap <= following(tap, TAPS - 1);
          if tap = TAPS - 1 then
            tap_line <= following(tap_line, 2);
            if tap_line /= 2 then
              way := words_on(BELOW);
            elsif retire = '0' then
              way := words_on(BACK + 1);
            elsif column /= CENTRES - 1 then
              way := words_on(BACK + NEARBY * WORDS - (GROUPS - 1));
            elsif round /= ROUNDS - 1 then
              way := words_on(BACK + DOWN * WORDS - (GROUPS - 1));
            else
              way := words_on(BACK + OUT_OF * WORDS - (GROUPS - 1));
            end if;
          end if;
        end if;
        cursor <= cursor + way;
      end if;
      if rst = '1' then
        word     <= (others => '0');
        tap      <= (others => '0');
        tap_line <= (others => '0');
        cursor   <= words_on(ORIGIN);
      end if;
    end if;
  end process reading;

  ram : entity work.dual_port_ram
    generic map (
      BITS  => LANES * BITS,
      DEPTH => DEPTH,
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => word_write,
      write_address => write_place,
      write_data    => gathered,
      read_address  => cursor,
      read_data     => memory_data
    );

end architecture rtl;
