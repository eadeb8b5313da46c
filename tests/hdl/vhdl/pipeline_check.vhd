-- The depths of the package `pipeline`, each measured on the entity that has it.
--
-- A stopwatch counts the clocks from the one in which `from_here` is high to the next in which `to_here` is; where data
-- come out they must be right in that clock, and others follow in the next.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity pipeline_check is
end entity pipeline_check;

architecture test of pipeline_check is
  type bits_t is array (natural range <>) of natural;

  -- A factor of the lanes that are measured: without a stage, with one at its limit, with two.
  constant FACTOR_BITS : bits_t(0 to 2) := (2, 5, 6);
  constant STAGES      : bits_t(0 to 2) := (0, 1, 2);

  constant FIRST : signed(7 downto 0) := to_signed(2, 8);
  constant OTHER : signed(7 downto 0) := to_signed(-3, 8);

  signal clk   : std_logic := '0';
  signal rst   : std_logic := '1';
  signal clock : natural   := 0;

  -- A pulse in clock 10, and another one right behind it with other data.
  signal pulse, both, second : std_logic;
  signal small               : std_logic_vector(7 downto 0);

  procedure measured (
    signal clk       : in std_logic;
    signal from_here : in std_logic;
    signal to_here   : in std_logic;
    clocks           : positive;
    what             : string
  ) is
    variable passed : natural := 0;
  begin
    wait until rising_edge(clk) and from_here = '1';
    loop
      wait until rising_edge(clk);
      passed := passed + 1;
      exit when to_here = '1';
    end loop;
    assert passed = clocks
      report what & " takes " & integer'image(passed) & " clocks, the table says " & integer'image(clocks)
      severity failure;
    report what & " takes " & integer'image(passed) & " clocks";
    wait;
  end procedure measured;
begin

  process is
  begin
    for half in 1 to 200 loop
      wait for 5 ns;
      clk <= not clk;
    end loop;
    report "measured";
    wait;
  end process;

  process (clk) is
  begin
    if rising_edge(clk) then
      clock <= clock + 1;
    end if;
  end process;

  rst    <= '1' when clock < 3 else '0';
  pulse  <= '1' when clock = 10 else '0';
  second <= '1' when clock = 11 else '0';
  both   <= pulse or second;
  small  <= std_logic_vector(FIRST) when clock = 10 else std_logic_vector(OTHER);

  requantize : block is
    signal data      : signed(7 downto 0);
    signal out_valid : std_logic;
    signal out_data  : std_logic_vector(7 downto 0);
  begin
    data <= signed(small);

    dut : entity work.bias_requantize
      generic map (
        IN_BITS    => 8,
        BIAS_BITS  => 8,
        SUM_BITS   => 9,
        WIDE       => false,
        SHIFT      => 0,
        OUT_BITS   => 8,
        OUT_SIGNED => true
      )
      port map (
        clk       => clk,
        rst       => rst,
        valid     => both,
        data      => data,
        bias      => x"02",
        out_valid => out_valid,
        out_data  => out_data
      );

    measured(clk, pulse, out_valid, work.pipeline.REQUANTIZE, "requantize");

    process is
    begin
      wait until rising_edge(clk) and out_valid = '1';
      assert signed(out_data) = FIRST + 2
        report "requantize: wrong data"
        severity failure;
      wait;
    end process;
  end block requantize;

  residual : block is
    signal out_valid : std_logic;
    signal out_data  : std_logic_vector(7 downto 0);
  begin
    dut : entity work.residual_adder
      generic map (
        COLUMNS      => 2,
        BRANCH_BITS  => 8,
        STREAM_BITS  => 8,
        BRANCH_SHIFT => 0,
        STREAM_SHIFT => 0,
        FILL         => 0,
        SHIFT        => 0,
        OUT_BITS     => 8
      )
      port map (
        clk       => clk,
        rst       => rst,
        valid     => both,
        branch    => small,
        step      => open,
        commit    => open,
        retire    => open,
        stream    => x"02",
        out_valid => out_valid,
        out_data  => out_data
      );

    measured(clk, pulse, out_valid, work.pipeline.RESIDUAL, "residual");

    process is
    begin
      wait until rising_edge(clk) and out_valid = '1';
      assert signed(out_data) = FIRST + 2
        report "residual: wrong data"
        severity failure;
      wait;
    end process;
  end block residual;

  pool : block is
    signal valid, last_row, out_valid : std_logic;
    signal out_data                   : std_logic_vector(7 downto 0);
  begin
    -- Two rows of four columns.
    valid    <= '1' when clock >= 6 and clock < 14 else '0';
    last_row <= '1' when clock = 10 else '0';

    dut : entity work.pooling_engine
      generic map (
        ROWS     => 2,
        COLUMNS  => 4,
        IN_BITS  => 8,
        SUM_BITS => 9,
        SHIFT    => 0,
        OUT_BITS => 8,
        STYLE    => "distributed"
      )
      port map (
        clk       => clk,
        rst       => rst,
        start     => '0',
        ready     => open,
        valid     => valid,
        data      => small,
        out_ready => '1',
        out_start => open,
        out_valid => out_valid,
        out_data  => out_data
      );

    measured(clk, last_row, out_valid, work.pipeline.POOL, "pool");

    process is
    begin
      wait until rising_edge(clk) and out_valid = '1';
      assert signed(out_data) = OTHER + FIRST
        report "pool: wrong data"
        severity failure;
      wait;
    end process;
  end block pool;

  lanes : for index in FACTOR_BITS'range generate
    constant BITS   : positive := FACTOR_BITS(index);
    constant X_BITS : positive := maximum_of(BITS, 3);

    -- Two groups as close as two lanes allow, each of one product.
    signal groups, third : std_logic;
    signal w             : std_logic_vector(2 * BITS - 1 downto 0) := (others => '1');
    signal dsp, lut      : std_logic;
    signal dsp_data      : signed(2 * X_BITS downto 0);
    signal lut_data      : signed(2 * X_BITS downto 0);

    procedure negated (signal clk : in std_logic; signal valid : in std_logic; signal data : in signed) is
      variable x : signed(X_BITS - 1 downto 0);
    begin
      for number in 1 to 2 loop
        x := resize(FIRST, X_BITS) when number = 1 else resize(OTHER, X_BITS);
        for lane in 1 to 2 loop
          wait until rising_edge(clk) and valid = '1';
          assert data = -resize(x, data'length)
            report "lanes: wrong data"
            severity failure;
        end loop;
      end loop;
      wait;
    end procedure negated;
  begin
    third  <= '1' when clock = 12 else '0';
    groups <= pulse or third;

    in_dsp : entity work.mac_lanes
      generic map (
        LANES      => 2,
        X_BITS     => X_BITS,
        X_SIGNED   => true,
        W_BITS     => BITS,
        ACC_BITS   => 2 * X_BITS + 1,
        MULTIPLIER => "dsp"
      )
      port map (
        clk        => clk,
        rst        => rst,
        valid      => groups,
        first      => '1',
        last       => '1',
        x          => small(X_BITS - 1 downto 0),
        w          => w,
        data_next  => open,
        data_valid => dsp,
        data       => dsp_data
      );

    in_luts : entity work.mac_lanes
      generic map (
        LANES      => 2,
        X_BITS     => X_BITS,
        X_SIGNED   => true,
        W_BITS     => BITS,
        ACC_BITS   => 2 * X_BITS + 1,
        MULTIPLIER => "lut"
      )
      port map (
        clk        => clk,
        rst        => rst,
        valid      => groups,
        first      => '1',
        last       => '1',
        x          => small(X_BITS - 1 downto 0),
        w          => w,
        data_next  => open,
        data_valid => lut,
        data       => lut_data
      );

    measured(clk, pulse, dsp, work.pipeline.MAC_DSP + work.pipeline.COLLECT, "lane in a DSP slice");
    measured(
      clk, pulse, lut, work.pipeline.MAC_LUT + STAGES(index) + work.pipeline.COLLECT, "lane in LUTs"
    );
    negated(clk, dsp, dsp_data);
    negated(clk, lut, lut_data);
  end generate lanes;

  divide : block is
    signal out_valid : std_logic;
  begin
    dut : entity work.divider
      generic map (
        NUMERATOR_BITS   => 8,
        DENOMINATOR_BITS => 4,
        QUOTIENT_BITS    => 3
      )
      port map (
        clk         => clk,
        rst         => rst,
        valid       => pulse,
        numerator   => x"04",
        denominator => x"2",
        out_valid   => out_valid,
        quotient    => open
      );

    measured(clk, pulse, out_valid, 3 + work.pipeline.DIVIDE, "divide by 3 bits");
  end block divide;

  queue : block is
    signal last_element, available : std_logic;
    signal step, second_step, found : std_logic;
    signal write_data, read_data   : std_logic_vector(7 downto 0);
  begin
    last_element <= second;
    step         <= '1' when clock >= 20 and clock < 22 else '0';
    second_step  <= '1' when clock = 21 else '0';
    found        <= '1' when clock >= 20 and read_data = x"FD" else '0';

    dut : entity work.row_buffer
      generic map (
        BITS    => 8,
        COLUMNS => 2,
        ROWS    => 2,
        STYLE   => "distributed"
      )
      port map (
        clk         => clk,
        rst         => rst,
        start       => pulse,
        ready       => open,
        write_valid => both,
        write_data  => small,
        available   => available,
        step        => step,
        rewind      => '0',
        commit      => step,
        retire      => second_step,
        read_data   => read_data
      );

    measured(clk, last_element, available, work.pipeline.WRITE, "write");
    measured(clk, second_step, found, work.pipeline.READ, "read");
  end block queue;

  softmax : block is
    signal start, value_step, value_retire, retire : std_logic;
    -- The first step reads another score than the second; both leave the buffer READ clocks later.
    signal asked                                   : std_logic;
    signal score                                   : std_logic_vector(2 downto 0);
    signal distance                                : unsigned(2 downto 0);
  begin

    process (clk) is
    begin
      if rising_edge(clk) then
        asked <= start;
        score <= "001" when asked = '1' else "000";
      end if;
    end process;

    dut : entity work.context_engine
      generic map (
        ROWS             => 1,
        KEYS             => 1,
        HEADS            => 1,
        D_HEAD           => 2,
        LANES            => 1,
        PERIOD           => 1,
        SCORE_BITS       => 3,
        X_BITS           => 3,
        W_BITS           => 3,
        ACC_BITS         => 6,
        DENOMINATOR_BITS => 3,
        MULTIPLIER       => "lut"
      )
      port map (
        clk             => clk,
        rst             => rst,
        available       => pulse,
        ready           => '1',
        value_full      => '1',
        start           => start,
        step            => open,
        rewind          => open,
        commit          => open,
        retire          => retire,
        score           => score,
        maximum         => "000",
        softmax_address => distance,
        softmax_data    => "001",
        value_step      => value_step,
        value_retire    => value_retire,
        value_data      => "001",
        out_valid       => open,
        out_data        => open
      );

    process is
    begin
      wait until rising_edge(clk) and value_step = '1';
      assert distance = "111"
        report "softmax: wrong distance"
        severity failure;
      wait;
    end process;

    measured(clk, start, value_step, work.pipeline.SOFTMAX, "softmax");
    measured(clk, retire, value_retire, work.pipeline.SOFTMAX, "the last row's softmax");
  end block softmax;

  replay : block is
    signal back_valid, last_back                : std_logic;
    signal layer_valid, sent_before, layer_last : std_logic;
  begin
    -- A row of two elements that comes back from the first of two passes.
    back_valid <= both;
    last_back  <= second;
    layer_last <= layer_valid and sent_before;

    process (clk) is
    begin
      if rising_edge(clk) then
        sent_before <= layer_valid;
      end if;
    end process;

    dut : entity work.repeat_loop
      generic map (
        BITS    => 8,
        ROWS    => 1,
        COLUMNS => 2,
        PASSES  => 2,
        STYLE   => "distributed"
      )
      port map (
        clk         => clk,
        rst         => rst,
        in_start    => '0',
        in_ready    => open,
        in_valid    => '0',
        in_data     => x"00",
        layer_start => open,
        layer_ready => '1',
        layer_valid => layer_valid,
        layer_data  => open,
        back_start  => pulse,
        back_ready  => open,
        back_valid  => back_valid,
        back_data   => small,
        out_start   => open,
        out_ready   => '1',
        out_valid   => open,
        out_data    => open
      );

    measured(clk, last_back, layer_last, 2 + work.pipeline.REPLAY, "replay of 2 columns");
  end block replay;

  output : block is
    signal available, tvalid : std_logic;
  begin
    available <= '1' when clock >= 10 else '0';

    dut : entity work.output_stream
      generic map (
        BITS    => 8,
        COLUMNS => 4,
        WARM_UP => 0
      )
      port map (
        clk       => clk,
        rst       => rst,
        available => available,
        step      => open,
        commit    => open,
        retire    => open,
        read_data => small,
        tvalid    => tvalid,
        tready    => '1',
        tdata     => open,
        tlast     => open,
        tuser     => open
      );

    measured(clk, available, tvalid, work.pipeline.OUTPUT_FIRST, "first beat");
    measured(clk, tvalid, tvalid, work.pipeline.OUTPUT_NEXT, "next beat");
  end block output;

end architecture test;
