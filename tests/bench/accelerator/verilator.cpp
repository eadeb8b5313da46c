// Streams windows back to back through Verilator's model of an accelerator, as fast as it takes them.
// Arguments: STIMULUS OUTPUTS (how many to wait for). Prints each output, then the clocks.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vaccelerator.h"
#include "verilated.h"

int main(int, char** arguments) {
    std::FILE* source = std::fopen(arguments[1], "r");
    std::vector<int> stimulus;
    for (int value; std::fscanf(source, "%d", &value) == 1;) stimulus.push_back(value);
    Vaccelerator dut;
    dut.m_axis_tready = 1;
    long clocks = 0, outputs = std::atol(arguments[2]);
    for (size_t sent = 0; outputs > 0; clocks++) {
        dut.rst = clocks < 2;
        dut.s_axis_tvalid = clocks > 2 && sent < stimulus.size();
        if (sent < stimulus.size()) dut.s_axis_tdata = stimulus[sent];
        dut.clk = 0;
        dut.eval();
        sent += dut.s_axis_tvalid && dut.s_axis_tready;
        if (clocks > 2 && dut.m_axis_tvalid) {
            std::printf("%d\n", int(dut.m_axis_tdata));
            outputs--;
        }
        dut.clk = 1;
        dut.eval();
    }
    std::printf("%ld\n", clocks);
}
