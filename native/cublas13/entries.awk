# entries.awk — from the names of entry points, one a line, the assembly of a library that has them (x86-64, System V)
#
# Each jumps through its slot. A slot leads first to tw_cublas_resolve, which keeps every register that an argument may be in, looks the
# address up and goes there as if it had been called; the stack's arguments are never touched.
BEGIN {
    print ".text"
    print ".hidden tw_cublas_slots, tw_cublas_names, tw_cublas_no_library, tw_cublas_no_entry, tw_cublas_find"
    print ".globl tw_cublas_slots, tw_cublas_names, tw_cublas_no_library, tw_cublas_no_entry"
    print "tw_cublas_resolve:"  # on the stack: the entry's number, then where its caller goes on; aligned by 16
    split("rdi rsi rdx rcx r8 r9 rax r10", kept, " ")
    for (k = 1; k <= 8; k++) print "    pushq %" kept[k]
    print "    subq $128, %rsp"
    for (k = 0; k < 8; k++) print "    movups %xmm" k ", " 16 * k "(%rsp)"
    print "    movq 192(%rsp), %rdi"
    print "    call tw_cublas_find"
    print "    movq %rax, %r11"
    for (k = 0; k < 8; k++) print "    movups " 16 * k "(%rsp), %xmm" k
    print "    addq $128, %rsp"
    for (k = 8; k >= 1; k--) print "    popq %" kept[k]
    print "    addq $8, %rsp"
    print "    jmp *%r11"
    print "tw_cublas_no_library:"
    print "    movl $1, %eax\n    pxor %xmm0, %xmm0\n    ret"
    print "tw_cublas_no_entry:"
    print "    movl $15, %eax\n    pxor %xmm0, %xmm0\n    ret"
}
{
    i = NR - 1
    name[i] = $1
    print ".globl " $1 "\n.type " $1 ", @function\n" $1 ":\n    jmp *tw_cublas_slots+" 8 * i "(%rip)\n.size " $1 ", . - " $1
    print "tw_lazy_" i ":\n    pushq $" i "\n    jmp tw_cublas_resolve"
}
END {
    print ".data\n.balign 8\ntw_cublas_slots:"
    for (i = 0; i < NR; i++) print "    .quad tw_lazy_" i
    print ".section .data.rel.ro, \"aw\"\n.balign 8\ntw_cublas_names:"
    for (i = 0; i < NR; i++) print "    .quad tw_name_" i
    print ".section .rodata"
    for (i = 0; i < NR; i++) print "tw_name_" i ": .asciz \"" name[i] "\""
    print ".section .note.GNU-stack, \"\", @progbits"
}
