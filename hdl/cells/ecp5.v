// Lattice ECP5 block RAMs and multipliers, of which Yosys has no models with behaviour.
//
// Modelled is what the mapper makes of ours; parameters that say otherwise are an error, inputs that do bring garbage.

// After Lattice FPGA-TN-02204 "ECP5 and ECP5-5G Memory Usage Guide": port widths, addresses, byte enables, write modes, and the
// pseudo dual-port mode, in which A writes and B reads up to 36 bits. An initial value holds 16 words of 18 bits, each in 20.
module DP16KD (
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0,
    input CLKA, WEA, CEA, OCEA, RSTA, CSA0, CSA1, CSA2,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0,
    input CLKB, WEB, CEB, OCEB, RSTB, CSB0, CSB1, CSB2,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter integer DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED";
    parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000";
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter [319:0]
        INITVAL_00 = 320'b0, INITVAL_01 = 320'b0, INITVAL_02 = 320'b0, INITVAL_03 = 320'b0,
        INITVAL_04 = 320'b0, INITVAL_05 = 320'b0, INITVAL_06 = 320'b0, INITVAL_07 = 320'b0,
        INITVAL_08 = 320'b0, INITVAL_09 = 320'b0, INITVAL_0A = 320'b0, INITVAL_0B = 320'b0,
        INITVAL_0C = 320'b0, INITVAL_0D = 320'b0, INITVAL_0E = 320'b0, INITVAL_0F = 320'b0,
        INITVAL_10 = 320'b0, INITVAL_11 = 320'b0, INITVAL_12 = 320'b0, INITVAL_13 = 320'b0,
        INITVAL_14 = 320'b0, INITVAL_15 = 320'b0, INITVAL_16 = 320'b0, INITVAL_17 = 320'b0,
        INITVAL_18 = 320'b0, INITVAL_19 = 320'b0, INITVAL_1A = 320'b0, INITVAL_1B = 320'b0,
        INITVAL_1C = 320'b0, INITVAL_1D = 320'b0, INITVAL_1E = 320'b0, INITVAL_1F = 320'b0,
        INITVAL_20 = 320'b0, INITVAL_21 = 320'b0, INITVAL_22 = 320'b0, INITVAL_23 = 320'b0,
        INITVAL_24 = 320'b0, INITVAL_25 = 320'b0, INITVAL_26 = 320'b0, INITVAL_27 = 320'b0,
        INITVAL_28 = 320'b0, INITVAL_29 = 320'b0, INITVAL_2A = 320'b0, INITVAL_2B = 320'b0,
        INITVAL_2C = 320'b0, INITVAL_2D = 320'b0, INITVAL_2E = 320'b0, INITVAL_2F = 320'b0,
        INITVAL_30 = 320'b0, INITVAL_31 = 320'b0, INITVAL_32 = 320'b0, INITVAL_33 = 320'b0,
        INITVAL_34 = 320'b0, INITVAL_35 = 320'b0, INITVAL_36 = 320'b0, INITVAL_37 = 320'b0,
        INITVAL_38 = 320'b0, INITVAL_39 = 320'b0, INITVAL_3A = 320'b0, INITVAL_3B = 320'b0,
        INITVAL_3C = 320'b0, INITVAL_3D = 320'b0, INITVAL_3E = 320'b0, INITVAL_3F = 320'b0;

    generate
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
            || CLKAMUX != "CLKA" || CLKBMUX != "CLKB"
            || (WRITEMODE_A != "NORMAL" && WRITEMODE_A != "READBEFOREWRITE"))
            unsupported_block_ram error ();
    endgenerate

    function [287:0] packed_words;
        input [319:0] slots;
        integer i;
        for (i = 0; i < 16; i = i + 1)
            packed_words[18*i +: 18] = slots[20*i +: 18];
    endfunction
    localparam [18431:0] INIT = {
        packed_words(INITVAL_3F), packed_words(INITVAL_3E), packed_words(INITVAL_3D), packed_words(INITVAL_3C),
        packed_words(INITVAL_3B), packed_words(INITVAL_3A), packed_words(INITVAL_39), packed_words(INITVAL_38),
        packed_words(INITVAL_37), packed_words(INITVAL_36), packed_words(INITVAL_35), packed_words(INITVAL_34),
        packed_words(INITVAL_33), packed_words(INITVAL_32), packed_words(INITVAL_31), packed_words(INITVAL_30),
        packed_words(INITVAL_2F), packed_words(INITVAL_2E), packed_words(INITVAL_2D), packed_words(INITVAL_2C),
        packed_words(INITVAL_2B), packed_words(INITVAL_2A), packed_words(INITVAL_29), packed_words(INITVAL_28),
        packed_words(INITVAL_27), packed_words(INITVAL_26), packed_words(INITVAL_25), packed_words(INITVAL_24),
        packed_words(INITVAL_23), packed_words(INITVAL_22), packed_words(INITVAL_21), packed_words(INITVAL_20),
        packed_words(INITVAL_1F), packed_words(INITVAL_1E), packed_words(INITVAL_1D), packed_words(INITVAL_1C),
        packed_words(INITVAL_1B), packed_words(INITVAL_1A), packed_words(INITVAL_19), packed_words(INITVAL_18),
        packed_words(INITVAL_17), packed_words(INITVAL_16), packed_words(INITVAL_15), packed_words(INITVAL_14),
        packed_words(INITVAL_13), packed_words(INITVAL_12), packed_words(INITVAL_11), packed_words(INITVAL_10),
        packed_words(INITVAL_0F), packed_words(INITVAL_0E), packed_words(INITVAL_0D), packed_words(INITVAL_0C),
        packed_words(INITVAL_0B), packed_words(INITVAL_0A), packed_words(INITVAL_09), packed_words(INITVAL_08),
        packed_words(INITVAL_07), packed_words(INITVAL_06), packed_words(INITVAL_05), packed_words(INITVAL_04),
        packed_words(INITVAL_03), packed_words(INITVAL_02), packed_words(INITVAL_01), packed_words(INITVAL_00)
    };

    localparam WIDE = DATA_WIDTH_A == 36 || DATA_WIDTH_B == 36;
    wire [13:0] address_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] address_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] data_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] data_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire write = CEA && WEA;
    wire [3:0] bytes = DATA_WIDTH_A >= 18 ? address_a[3:0] : 4'b1111;
    wire wrong = RSTA || RSTB || WEB || CSA0 || CSA1 || CSA2 || CSB0 || CSB1 || CSB2;

    // The same memory twice: as its two ports read it.
    wire [35:0] read_a, read_b;
    bitfront_block_ram #(
        .READ_WIDTH(DATA_WIDTH_A), .WRITE_WIDTH(DATA_WIDTH_A), .INIT(INIT),
        .COLLISION(WRITEMODE_A == "NORMAL" ? "BEFORE" : "OLD")
    ) port_a (
        .clk_r(CLKA), .enable_r(CEA), .address_r(address_a), .data_r(read_a),
        .clk_w(CLKA), .enable_w(write), .bytes_w(bytes), .address_w(address_a), .data_w({data_b, data_a})
    );
    bitfront_block_ram #(
        .READ_WIDTH(DATA_WIDTH_B), .WRITE_WIDTH(DATA_WIDTH_A), .INIT(INIT), .COLLISION("GARBAGE")
    ) port_b (
        .clk_r(CLKB), .enable_r(CEB), .address_r(address_b), .data_r(read_b),
        .clk_w(CLKA), .enable_w(write), .bytes_w(bytes), .address_w(address_a), .data_w({data_b, data_a})
    );

    // In pseudo dual-port mode narrow reads and the high half of wide ones leave through B.
    wire [35:0] shown_b = read_b ^ {36{wrong}};
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0}
        = WIDE ? shown_b[17:0] : read_a[17:0] ^ {18{wrong}};
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0}
        = DATA_WIDTH_B == 36 ? shown_b[35:18] : shown_b[17:0];
endmodule

// After Lattice FPGA-TN-02205 "ECP5 and ECP5-5G sysDSP Usage Guide": the multiplier without its registers.
module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    wire signed [18:0] a = {SIGNEDA && A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire signed [18:0] b = {SIGNEDB && B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
    wire signed [37:0] product = a * b;
    // Operands from a neighbour are not modelled.
    assign {
        P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
        P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
    } = product[35:0] ^ {36{SOURCEA || SOURCEB}};
endmodule
