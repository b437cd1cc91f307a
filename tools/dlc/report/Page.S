// SPDX-License-Identifier: Apache-2.0
// The page that `dlc compile --report` fills in.
    .section .rodata
    .globl dlc_report_page, dlc_report_page_end
    .hidden dlc_report_page, dlc_report_page_end
dlc_report_page:
    .incbin DLC_REPORT_PAGE
dlc_report_page_end:
    .section .note.GNU-stack,"",@progbits
