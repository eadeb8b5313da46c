// AMD 7 series block RAMs, of which Yosys's own models have no behaviour.
//
// After AMD UG473 "7 Series FPGAs Memory Resources", chapter 1 (ports, widths, addresses, write modes and collisions), and
// UG953 (RAMB18E1, RAMB36E1). Modelled is what the mapper makes of our memories: one port reads, the other writes, without
// output register, cascade or error correction. Parameters that say otherwise are an error, inputs that do bring garbage.

// Both sizes: BYTES bytes in a line, of which a port A or B has half; in simple dual-port mode (SDP) A reads and B writes both halves.
module bitfront_ramb (
    clk_a, clk_b, enable_a, enable_b, reset, address_a, address_b, write_a, write_b,
    data_a, data_b, parity_a, parity_b, read_a, read_b, read_parity_a, read_parity_b
);
    parameter BYTES = 4, SDP = 0, SUPPORTED = 1;
    parameter READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0;
    parameter WRITE_MODE_A = "READ_FIRST", WRITE_MODE_B = "READ_FIRST";
    parameter [4096*BYTES-1:0] INIT = 0;
    parameter [512*BYTES-1:0] INITP = 0;
    localparam INSIDE = $clog2(8 * BYTES), HALF = BYTES / 2;

    input clk_a, clk_b, enable_a, enable_b, reset;
    input [INSIDE+8:0] address_a, address_b;
    input [HALF-1:0] write_a, parity_a, parity_b;
    input [BYTES-1:0] write_b;
    input [8*HALF-1:0] data_a, data_b;
    output [8*HALF-1:0] read_a, read_b;
    output [HALF-1:0] read_parity_a, read_parity_b;

    localparam A_READS = READ_WIDTH_A != 0;
    localparam READ_WIDTH = A_READS ? READ_WIDTH_A : READ_WIDTH_B;
    localparam WRITE_WIDTH = A_READS ? WRITE_WIDTH_B : WRITE_WIDTH_A;
    localparam WHOLE = 9 * BYTES;
    localparam MODE = A_READS ? WRITE_MODE_B : WRITE_MODE_A;
    localparam COLLISION = MODE == "READ_FIRST" ? "OLD" : "GARBAGE";
    generate
        if (!SUPPORTED || READ_WIDTH == 0 || (A_READS ? READ_WIDTH_B + WRITE_WIDTH_A : WRITE_WIDTH_B) != 0
            || (SDP && (READ_WIDTH != WHOLE || (WRITE_WIDTH != 0 && WRITE_WIDTH != WHOLE))))
            unsupported_block_ram error ();
    endgenerate

    wire clk_r = A_READS ? clk_a : clk_b, clk_w = A_READS ? clk_b : clk_a;
    wire enable_r = A_READS ? enable_a : enable_b, enable_w = A_READS ? enable_b : enable_a;
    wire [INSIDE+8:0] address_r = A_READS ? address_a : address_b, address_w = A_READS ? address_b : address_a;
    wire [BYTES-1:0] bytes_w = A_READS ? write_b : write_a;
    wire [8*BYTES-1:0] data_w = SDP ? {data_b, data_a} : A_READS ? data_b : data_a;
    wire [BYTES-1:0] parity_w = SDP ? {parity_b, parity_a} : A_READS ? parity_b : parity_a;
    // A ROM has no port that writes, and what ports of fewer bits than nine write or see has no parity.
    wire clk_writing = WRITE_WIDTH == 0 ? clk_r : clk_w;
    wire [8*BYTES-1:0] read;
    wire [BYTES-1:0] read_parity;
    bitfront_block_ram #(
        .UNIT(8), .BYTES(BYTES), .READ_WIDTH(READ_WIDTH), .WRITE_WIDTH(WRITE_WIDTH == 0 ? 9 : WRITE_WIDTH),
        .COLLISION(COLLISION), .INIT(INIT)
    ) data (
        .clk_r(clk_r), .enable_r(enable_r), .address_r(address_r), .data_r(read),
        .clk_w(clk_writing), .enable_w(enable_w && WRITE_WIDTH != 0), .bytes_w(bytes_w), .address_w(address_w),
        .data_w(data_w)
    );
    generate
        if (READ_WIDTH < 9)
            assign read_parity = 0;
        else
            bitfront_block_ram #(
                .UNIT(1), .BYTES(BYTES), .READ_WIDTH(READ_WIDTH), .WRITE_WIDTH(WRITE_WIDTH < 9 ? 9 : WRITE_WIDTH),
                .COLLISION(COLLISION), .INIT(INITP)
            ) parity (
                .clk_r(clk_r), .enable_r(enable_r), .address_r(address_r), .data_r(read_parity),
                .clk_w(clk_writing), .enable_w(enable_w && WRITE_WIDTH >= 9), .bytes_w(bytes_w),
                .address_w(address_w), .data_w(parity_w)
            );
    endgenerate

    // The low half is on port A in simple dual-port mode, all on the port that reads otherwise.
    wire [8*BYTES-1:0] shown = read ^ {8*BYTES{reset}};
    assign read_a = shown[8*HALF-1:0], read_b = SDP ? shown[8*HALF +: 8*HALF] : shown[8*HALF-1:0];
    assign read_parity_a = read_parity[HALF-1:0];
    assign read_parity_b = SDP ? read_parity[HALF +: HALF] : read_parity[HALF-1:0];
endmodule

module RAMB18E1 (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [13:0] ADDRARDADDR, ADDRBWRADDR,
    input [15:0] DIADI, DIBDI,
    input [1:0] DIPADIP, DIPBDIP,
    input [1:0] WEA,
    input [3:0] WEBWE,
    output [15:0] DOADO, DOBDO,
    output [1:0] DOPADOP, DOPBDOP
);
    parameter integer DOA_REG = 0, DOB_REG = 0;
    parameter RAM_MODE = "TDP";
    parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0;
    parameter WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST";
    parameter [17:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0;
    parameter [255:0]
        INIT_00 = 256'b0, INIT_01 = 256'b0, INIT_02 = 256'b0, INIT_03 = 256'b0,
        INIT_04 = 256'b0, INIT_05 = 256'b0, INIT_06 = 256'b0, INIT_07 = 256'b0,
        INIT_08 = 256'b0, INIT_09 = 256'b0, INIT_0A = 256'b0, INIT_0B = 256'b0,
        INIT_0C = 256'b0, INIT_0D = 256'b0, INIT_0E = 256'b0, INIT_0F = 256'b0,
        INIT_10 = 256'b0, INIT_11 = 256'b0, INIT_12 = 256'b0, INIT_13 = 256'b0,
        INIT_14 = 256'b0, INIT_15 = 256'b0, INIT_16 = 256'b0, INIT_17 = 256'b0,
        INIT_18 = 256'b0, INIT_19 = 256'b0, INIT_1A = 256'b0, INIT_1B = 256'b0,
        INIT_1C = 256'b0, INIT_1D = 256'b0, INIT_1E = 256'b0, INIT_1F = 256'b0,
        INIT_20 = 256'b0, INIT_21 = 256'b0, INIT_22 = 256'b0, INIT_23 = 256'b0,
        INIT_24 = 256'b0, INIT_25 = 256'b0, INIT_26 = 256'b0, INIT_27 = 256'b0,
        INIT_28 = 256'b0, INIT_29 = 256'b0, INIT_2A = 256'b0, INIT_2B = 256'b0,
        INIT_2C = 256'b0, INIT_2D = 256'b0, INIT_2E = 256'b0, INIT_2F = 256'b0,
        INIT_30 = 256'b0, INIT_31 = 256'b0, INIT_32 = 256'b0, INIT_33 = 256'b0,
        INIT_34 = 256'b0, INIT_35 = 256'b0, INIT_36 = 256'b0, INIT_37 = 256'b0,
        INIT_38 = 256'b0, INIT_39 = 256'b0, INIT_3A = 256'b0, INIT_3B = 256'b0,
        INIT_3C = 256'b0, INIT_3D = 256'b0, INIT_3E = 256'b0, INIT_3F = 256'b0;
    parameter [255:0]
        INITP_00 = 256'b0, INITP_01 = 256'b0, INITP_02 = 256'b0, INITP_03 = 256'b0,
        INITP_04 = 256'b0, INITP_05 = 256'b0, INITP_06 = 256'b0, INITP_07 = 256'b0;

    bitfront_ramb #(
        .BYTES(4), .SDP(RAM_MODE == "SDP"),
        .READ_WIDTH_A(READ_WIDTH_A), .READ_WIDTH_B(READ_WIDTH_B),
        .WRITE_WIDTH_A(WRITE_WIDTH_A), .WRITE_WIDTH_B(WRITE_WIDTH_B),
        .WRITE_MODE_A(WRITE_MODE_A), .WRITE_MODE_B(WRITE_MODE_B),
        .SUPPORTED(DOA_REG == 0 && DOB_REG == 0),
        .INIT({
        INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
        INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
        INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
        INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
        INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
        INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
        INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
        INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
        }),
        .INITP({
        INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
        })
    ) ram (
        .clk_a(CLKARDCLK), .clk_b(CLKBWRCLK), .enable_a(ENARDEN), .enable_b(ENBWREN),
        .reset(RSTRAMARSTRAM || RSTRAMB || RSTREGARSTREG || RSTREGB),
        .address_a(ADDRARDADDR[13:0]), .address_b(ADDRBWRADDR[13:0]),
        .write_a(WEA), .write_b(WEBWE),
        .data_a(DIADI), .data_b(DIBDI), .parity_a(DIPADIP), .parity_b(DIPBDIP),
        .read_a(DOADO), .read_b(DOBDO), .read_parity_a(DOPADOP), .read_parity_b(DOPBDOP)
    );
endmodule

module RAMB36E1 (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [15:0] ADDRARDADDR, ADDRBWRADDR,
    input [31:0] DIADI, DIBDI,
    input [3:0] DIPADIP, DIPBDIP,
    input [3:0] WEA,
    input [7:0] WEBWE,
    output [31:0] DOADO, DOBDO,
    output [3:0] DOPADOP, DOPBDOP
);
    parameter integer DOA_REG = 0, DOB_REG = 0;
    parameter RAM_MODE = "TDP";
    parameter integer READ_WIDTH_A = 0, READ_WIDTH_B = 0, WRITE_WIDTH_A = 0, WRITE_WIDTH_B = 0;
    parameter WRITE_MODE_A = "WRITE_FIRST", WRITE_MODE_B = "WRITE_FIRST";
    parameter [35:0] INIT_A = 0, INIT_B = 0, SRVAL_A = 0, SRVAL_B = 0;
    parameter RAM_EXTENSION_A = "NONE", RAM_EXTENSION_B = "NONE";
    parameter [255:0]
        INIT_00 = 256'b0, INIT_01 = 256'b0, INIT_02 = 256'b0, INIT_03 = 256'b0,
        INIT_04 = 256'b0, INIT_05 = 256'b0, INIT_06 = 256'b0, INIT_07 = 256'b0,
        INIT_08 = 256'b0, INIT_09 = 256'b0, INIT_0A = 256'b0, INIT_0B = 256'b0,
        INIT_0C = 256'b0, INIT_0D = 256'b0, INIT_0E = 256'b0, INIT_0F = 256'b0,
        INIT_10 = 256'b0, INIT_11 = 256'b0, INIT_12 = 256'b0, INIT_13 = 256'b0,
        INIT_14 = 256'b0, INIT_15 = 256'b0, INIT_16 = 256'b0, INIT_17 = 256'b0,
        INIT_18 = 256'b0, INIT_19 = 256'b0, INIT_1A = 256'b0, INIT_1B = 256'b0,
        INIT_1C = 256'b0, INIT_1D = 256'b0, INIT_1E = 256'b0, INIT_1F = 256'b0,
        INIT_20 = 256'b0, INIT_21 = 256'b0, INIT_22 = 256'b0, INIT_23 = 256'b0,
        INIT_24 = 256'b0, INIT_25 = 256'b0, INIT_26 = 256'b0, INIT_27 = 256'b0,
        INIT_28 = 256'b0, INIT_29 = 256'b0, INIT_2A = 256'b0, INIT_2B = 256'b0,
        INIT_2C = 256'b0, INIT_2D = 256'b0, INIT_2E = 256'b0, INIT_2F = 256'b0,
        INIT_30 = 256'b0, INIT_31 = 256'b0, INIT_32 = 256'b0, INIT_33 = 256'b0,
        INIT_34 = 256'b0, INIT_35 = 256'b0, INIT_36 = 256'b0, INIT_37 = 256'b0,
        INIT_38 = 256'b0, INIT_39 = 256'b0, INIT_3A = 256'b0, INIT_3B = 256'b0,
        INIT_3C = 256'b0, INIT_3D = 256'b0, INIT_3E = 256'b0, INIT_3F = 256'b0,
        INIT_40 = 256'b0, INIT_41 = 256'b0, INIT_42 = 256'b0, INIT_43 = 256'b0,
        INIT_44 = 256'b0, INIT_45 = 256'b0, INIT_46 = 256'b0, INIT_47 = 256'b0,
        INIT_48 = 256'b0, INIT_49 = 256'b0, INIT_4A = 256'b0, INIT_4B = 256'b0,
        INIT_4C = 256'b0, INIT_4D = 256'b0, INIT_4E = 256'b0, INIT_4F = 256'b0,
        INIT_50 = 256'b0, INIT_51 = 256'b0, INIT_52 = 256'b0, INIT_53 = 256'b0,
        INIT_54 = 256'b0, INIT_55 = 256'b0, INIT_56 = 256'b0, INIT_57 = 256'b0,
        INIT_58 = 256'b0, INIT_59 = 256'b0, INIT_5A = 256'b0, INIT_5B = 256'b0,
        INIT_5C = 256'b0, INIT_5D = 256'b0, INIT_5E = 256'b0, INIT_5F = 256'b0,
        INIT_60 = 256'b0, INIT_61 = 256'b0, INIT_62 = 256'b0, INIT_63 = 256'b0,
        INIT_64 = 256'b0, INIT_65 = 256'b0, INIT_66 = 256'b0, INIT_67 = 256'b0,
        INIT_68 = 256'b0, INIT_69 = 256'b0, INIT_6A = 256'b0, INIT_6B = 256'b0,
        INIT_6C = 256'b0, INIT_6D = 256'b0, INIT_6E = 256'b0, INIT_6F = 256'b0,
        INIT_70 = 256'b0, INIT_71 = 256'b0, INIT_72 = 256'b0, INIT_73 = 256'b0,
        INIT_74 = 256'b0, INIT_75 = 256'b0, INIT_76 = 256'b0, INIT_77 = 256'b0,
        INIT_78 = 256'b0, INIT_79 = 256'b0, INIT_7A = 256'b0, INIT_7B = 256'b0,
        INIT_7C = 256'b0, INIT_7D = 256'b0, INIT_7E = 256'b0, INIT_7F = 256'b0;
    parameter [255:0]
        INITP_00 = 256'b0, INITP_01 = 256'b0, INITP_02 = 256'b0, INITP_03 = 256'b0,
        INITP_04 = 256'b0, INITP_05 = 256'b0, INITP_06 = 256'b0, INITP_07 = 256'b0,
        INITP_08 = 256'b0, INITP_09 = 256'b0, INITP_0A = 256'b0, INITP_0B = 256'b0,
        INITP_0C = 256'b0, INITP_0D = 256'b0, INITP_0E = 256'b0, INITP_0F = 256'b0;

    bitfront_ramb #(
        .BYTES(8), .SDP(RAM_MODE == "SDP"),
        .READ_WIDTH_A(READ_WIDTH_A), .READ_WIDTH_B(READ_WIDTH_B),
        .WRITE_WIDTH_A(WRITE_WIDTH_A), .WRITE_WIDTH_B(WRITE_WIDTH_B),
        .WRITE_MODE_A(WRITE_MODE_A), .WRITE_MODE_B(WRITE_MODE_B),
        .SUPPORTED(DOA_REG == 0 && DOB_REG == 0
        && RAM_EXTENSION_A == "NONE" && RAM_EXTENSION_B == "NONE"),
        .INIT({
        INIT_7F, INIT_7E, INIT_7D, INIT_7C, INIT_7B, INIT_7A, INIT_79, INIT_78,
        INIT_77, INIT_76, INIT_75, INIT_74, INIT_73, INIT_72, INIT_71, INIT_70,
        INIT_6F, INIT_6E, INIT_6D, INIT_6C, INIT_6B, INIT_6A, INIT_69, INIT_68,
        INIT_67, INIT_66, INIT_65, INIT_64, INIT_63, INIT_62, INIT_61, INIT_60,
        INIT_5F, INIT_5E, INIT_5D, INIT_5C, INIT_5B, INIT_5A, INIT_59, INIT_58,
        INIT_57, INIT_56, INIT_55, INIT_54, INIT_53, INIT_52, INIT_51, INIT_50,
        INIT_4F, INIT_4E, INIT_4D, INIT_4C, INIT_4B, INIT_4A, INIT_49, INIT_48,
        INIT_47, INIT_46, INIT_45, INIT_44, INIT_43, INIT_42, INIT_41, INIT_40,
        INIT_3F, INIT_3E, INIT_3D, INIT_3C, INIT_3B, INIT_3A, INIT_39, INIT_38,
        INIT_37, INIT_36, INIT_35, INIT_34, INIT_33, INIT_32, INIT_31, INIT_30,
        INIT_2F, INIT_2E, INIT_2D, INIT_2C, INIT_2B, INIT_2A, INIT_29, INIT_28,
        INIT_27, INIT_26, INIT_25, INIT_24, INIT_23, INIT_22, INIT_21, INIT_20,
        INIT_1F, INIT_1E, INIT_1D, INIT_1C, INIT_1B, INIT_1A, INIT_19, INIT_18,
        INIT_17, INIT_16, INIT_15, INIT_14, INIT_13, INIT_12, INIT_11, INIT_10,
        INIT_0F, INIT_0E, INIT_0D, INIT_0C, INIT_0B, INIT_0A, INIT_09, INIT_08,
        INIT_07, INIT_06, INIT_05, INIT_04, INIT_03, INIT_02, INIT_01, INIT_00
        }),
        .INITP({
        INITP_0F, INITP_0E, INITP_0D, INITP_0C, INITP_0B, INITP_0A, INITP_09, INITP_08,
        INITP_07, INITP_06, INITP_05, INITP_04, INITP_03, INITP_02, INITP_01, INITP_00
        })
    ) ram (
        .clk_a(CLKARDCLK), .clk_b(CLKBWRCLK), .enable_a(ENARDEN), .enable_b(ENBWREN),
        .reset(RSTRAMARSTRAM || RSTRAMB || RSTREGARSTREG || RSTREGB),
        .address_a(ADDRARDADDR[14:0]), .address_b(ADDRBWRADDR[14:0]),
        .write_a(WEA), .write_b(WEBWE),
        .data_a(DIADI), .data_b(DIBDI), .parity_a(DIPADIP), .parity_b(DIPBDIP),
        .read_a(DOADO), .read_b(DOBDO), .read_parity_a(DOPADOP), .read_parity_b(DOPBDOP)
    );
endmodule
