-- Speaks the file protocol of hdl/simulate.py for a device that sums three inputs and returns the sum and its
-- negative. FAULT makes it misbehave in one way, to see that each is noticed.
library std;
use std.env.all;
use std.textio.all;

entity testbench is
  generic (
    STIMULUS : string;
    EXPECTED : string;
    RESULT   : string;
    VECTORS  : positive;
    ISOLATED : natural;
    STALL    : boolean;
    SEED     : natural
  );
end entity;

architecture test of testbench is
  constant FAULT : string := "none";
begin

  process is
    file stimulus_file : text open read_mode is STIMULUS;
    file expected_file : text open read_mode is EXPECTED;
    file result_file   : text open write_mode is RESULT;
    variable text_line : line;
    variable value     : integer;
    variable sum       : integer;
    variable edge      : natural := 7;
    variable first     : natural;
  begin
    for vector in 0 to VECTORS - 1 loop
      sum   := 0;
      first := edge;
      for beat in 0 to 2 loop
        readline(stimulus_file, text_line);
        read(text_line, value);
        sum  := sum + value;
        edge := edge + 1;
        -- Vectors behind the isolated ones wait for one another.
        if vector >= ISOLATED then
          edge := edge + 1;
        end if;
        if STALL then
          edge := edge + SEED mod 5;
        end if;
        wait for 10 ns;
      end loop;
      if FAULT = "wrong" and vector = 2 then
        sum := sum + 1;
      elsif FAULT = "dies" and vector = 2 then
        report "the device lost a word" severity failure;
      elsif FAULT = "stops" and vector = 2 then
        finish;
      elsif FAULT = "hangs" and vector = 2 then
        loop
          wait for 10 ns;
        end loop;
      end if;
      for beat in 0 to 1 loop
        value := sum * (1 - 2 * beat);
        write(text_line, "vector " & integer'image(vector) & " " & integer'image(beat) & " " & integer'image(value));
        writeline(result_file, text_line);
        if FAULT = "twice" then
          write(text_line, "vector " & integer'image(vector) & " " & integer'image(beat) & " " & integer'image(value));
          writeline(result_file, text_line);
        end if;
        readline(expected_file, text_line);
        read(text_line, sum);
        sum := value;
      end loop;
      write(text_line, "cycles " & integer'image(vector) & " " & integer'image(first) & " " & integer'image(edge));
      writeline(result_file, text_line);
      flush(result_file);
    end loop;
    if FAULT = "protocol" then
      report "valid fell before ready" severity failure;
    end if;
    finish;
  end process;

end architecture;
