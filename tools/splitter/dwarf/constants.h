/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of DWARF 2 to 5 that the DWARF stage needs (DWARF 5, 7.5.6 and on), and the GNU and
 * LLVM extensions that are met in files. */
#ifndef SPLITTER_DWARF_CONSTANTS_H
#define SPLITTER_DWARF_CONSTANTS_H

enum {
	DW_TAG_compile_unit = 0x11,
	DW_TAG_partial_unit = 0x3c,
	DW_TAG_type_unit = 0x41,
	DW_TAG_skeleton_unit = 0x4a,
};

enum {
	DW_UT_compile = 1,
	DW_UT_type = 2,
	DW_UT_partial = 3,
	DW_UT_skeleton = 4,
	DW_UT_split_compile = 5,
	DW_UT_split_type = 6,
};

enum {
	DW_AT_name = 0x03,
	DW_AT_stmt_list = 0x10,
	DW_AT_high_pc = 0x12,
	DW_AT_language = 0x13,
	DW_AT_comp_dir = 0x1b,
	DW_AT_str_offsets_base = 0x72,
	DW_AT_dwo_name = 0x76,
	DW_AT_GNU_dwo_name = 0x2130,
};

enum {
	DW_LANG_C89 = 0x01,
	DW_LANG_C = 0x02,
	DW_LANG_C_plus_plus = 0x04,
	DW_LANG_Fortran77 = 0x07,
	DW_LANG_Fortran90 = 0x08,
	DW_LANG_C99 = 0x0c,
	DW_LANG_Fortran95 = 0x0e,
	DW_LANG_Go = 0x16,
	DW_LANG_C_plus_plus_03 = 0x19,
	DW_LANG_C_plus_plus_11 = 0x1a,
	DW_LANG_C11 = 0x1d,
	DW_LANG_C_plus_plus_14 = 0x21,
	DW_LANG_Fortran03 = 0x22,
	DW_LANG_Fortran08 = 0x23,
	DW_LANG_C_plus_plus_17 = 0x2a,
	DW_LANG_C_plus_plus_20 = 0x2b,
	DW_LANG_C17 = 0x2c,
	DW_LANG_Fortran18 = 0x2d,
	DW_LANG_Mips_Assembler = 0x8001,
};

enum {
	DW_FORM_addr = 0x01,
	DW_FORM_block2 = 0x03,
	DW_FORM_block4 = 0x04,
	DW_FORM_data2 = 0x05,
	DW_FORM_data4 = 0x06,
	DW_FORM_data8 = 0x07,
	DW_FORM_string = 0x08,
	DW_FORM_block = 0x09,
	DW_FORM_block1 = 0x0a,
	DW_FORM_data1 = 0x0b,
	DW_FORM_flag = 0x0c,
	DW_FORM_sdata = 0x0d,
	DW_FORM_strp = 0x0e,
	DW_FORM_udata = 0x0f,
	DW_FORM_ref_addr = 0x10,
	DW_FORM_ref1 = 0x11,
	DW_FORM_ref2 = 0x12,
	DW_FORM_ref4 = 0x13,
	DW_FORM_ref8 = 0x14,
	DW_FORM_ref_udata = 0x15,
	DW_FORM_indirect = 0x16,
	DW_FORM_sec_offset = 0x17,
	DW_FORM_exprloc = 0x18,
	DW_FORM_flag_present = 0x19,
	DW_FORM_strx = 0x1a,
	DW_FORM_addrx = 0x1b,
	DW_FORM_ref_sup4 = 0x1c,
	DW_FORM_strp_sup = 0x1d,
	DW_FORM_data16 = 0x1e,
	DW_FORM_line_strp = 0x1f,
	DW_FORM_ref_sig8 = 0x20,
	DW_FORM_implicit_const = 0x21,
	DW_FORM_loclistx = 0x22,
	DW_FORM_rnglistx = 0x23,
	DW_FORM_ref_sup8 = 0x24,
	DW_FORM_strx1 = 0x25,
	DW_FORM_strx2 = 0x26,
	DW_FORM_strx3 = 0x27,
	DW_FORM_strx4 = 0x28,
	DW_FORM_addrx1 = 0x29,
	DW_FORM_addrx2 = 0x2a,
	DW_FORM_addrx3 = 0x2b,
	DW_FORM_addrx4 = 0x2c,
	DW_FORM_GNU_addr_index = 0x1f01,
	DW_FORM_GNU_str_index = 0x1f02,
	DW_FORM_GNU_ref_alt = 0x1f20,
	DW_FORM_GNU_strp_alt = 0x1f21,
	DW_FORM_LLVM_addrx_offset = 0x2001,
};

enum {
	DW_LNCT_path = 1,
	DW_LNCT_directory_index = 2,
	DW_LNCT_MD5 = 5,
};

enum {
	DW_MACRO_define = 0x01,
	DW_MACRO_undef = 0x02,
	DW_MACRO_start_file = 0x03,
	DW_MACRO_end_file = 0x04,
	DW_MACRO_define_strp = 0x05,
	DW_MACRO_undef_strp = 0x06,
	DW_MACRO_import = 0x07,
	DW_MACRO_define_sup = 0x08,
	DW_MACRO_undef_sup = 0x09,
	DW_MACRO_import_sup = 0x0a,
	DW_MACRO_define_strx = 0x0b,
	DW_MACRO_undef_strx = 0x0c,
};

#endif
