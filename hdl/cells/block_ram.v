// The memory inside a block RAM: one port reads and one writes, on the rising edges of their clocks.
//
// A line is what the widest port sees: BYTES bytes of UNIT bits. Ports of 9 or more bits see some bytes of a line, narrower
// ones some bits of a byte, never the ninth; which ones say the address's low bits. What a port sees lies in the low bits
// of its data. Of a word that is being written COLLISION tells what is read: its "OLD" value, what was read "BEFORE", or
// "GARBAGE" where a document leaves it open.
module bitfront_block_ram (
    clk_r, enable_r, address_r, data_r, clk_w, enable_w, bytes_w, address_w, data_w
);
    parameter UNIT = 9, BYTES = 4;
    parameter READ_WIDTH = 9, WRITE_WIDTH = 9;
    parameter COLLISION = "OLD";
    parameter [512*BYTES*UNIT-1:0] INIT = 0;
    localparam LINE = BYTES * UNIT, INSIDE = $clog2(8 * BYTES);

    input clk_r, enable_r, clk_w, enable_w;
    input [BYTES-1:0] bytes_w;
    input [INSIDE+8:0] address_r, address_w;
    input [LINE-1:0] data_w;
    output reg [LINE-1:0] data_r;

    reg [LINE-1:0] lines [0:511];
    integer row;
    initial begin
        for (row = 0; row < 512; row = row + 1)
            lines[row] = INIT[LINE*row +: LINE];
        data_r = 0;
    end

    // Bytes and bits in front of what a port sees.
    wire [7:0] first_r, first_w;
    generate
        if (READ_WIDTH < 9)
            assign first_r = address_r[INSIDE-1:3] * UNIT + (address_r[2:0] & ~(READ_WIDTH - 1));
        else
            assign first_r = (address_r[INSIDE-1:3] & ~(READ_WIDTH / 9 - 1)) * UNIT;
        if (WRITE_WIDTH < 9)
            assign first_w = address_w[INSIDE-1:3] * UNIT + (address_w[2:0] & ~(WRITE_WIDTH - 1));
        else
            assign first_w = (address_w[INSIDE-1:3] & ~(WRITE_WIDTH / 9 - 1)) * UNIT;
    endgenerate

    // Which bits are written. A width counts bits of nine to a byte, whatever the unit is.
    wire [LINE-1:0] chosen, mask;
    genvar i;
    generate
        for (i = 0; i < LINE; i = i + 1)
            if (WRITE_WIDTH < 9)
                assign chosen[i] = i < WRITE_WIDTH && bytes_w[0];
            else
                assign chosen[i] = i / UNIT < WRITE_WIDTH / 9 && bytes_w[i / UNIT];
    endgenerate
    assign mask = enable_w ? chosen << first_w : 0;

    wire [8:0] row_r = address_r[INSIDE +: 9], row_w = address_w[INSIDE +: 9];
    wire [LINE-1:0] hit = row_r == row_w ? mask : 0;
    wire [LINE-1:0] found = lines[row_r] ^ (COLLISION == "GARBAGE" ? hit : 0);
    localparam [LINE-1:0] SEEN = ~({LINE{1'b1}} << (READ_WIDTH < 9 ? READ_WIDTH : READ_WIDTH / 9 * UNIT));

    always @(posedge clk_r)
        if (enable_r && !(COLLISION == "BEFORE" && enable_w && bytes_w != 0))
            data_r <= (found >> first_r) & SEEN;

    always @(posedge clk_w)
        if (mask != 0)
            lines[row_w] <= (lines[row_w] & ~mask) | ((data_w << first_w) & mask);
endmodule
