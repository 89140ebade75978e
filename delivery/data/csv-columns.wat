;; Which columns of a CSV hold a byte that is not of their set; see csv-columns.ts. Sixty-four bytes at a time become one
;; mask of 64 bits for each set, so a cell costs a few operations, however long it is.
;;
;; After a change: npm run wasm
(module
  ;; 0x0000  i32    column of the byte to come; the last while in the header
  ;; 0x0008  i64    all ones while inside quotes
  ;; 0x0010  v128   bit of a byte in its set, by the byte's upper half
  ;; 0x0100  v128   each set: for each lower half of a byte, a bit for each upper half. The first is of columns that may
  ;;                hold anything, the second of ends of cells, the third of quotes; then come those of columns
  ;; 0x0200  i64    each set: which of the 64 bytes are not of it; never one for the first
  ;; 0x1000  u8     each column: the place of its set in the line above
  ;; 0x2000  u8     each column: 1 once a byte was not of its set
  ;; 0x3000         the bytes
  (memory (export "memory") 9)
  (data (i32.const 0x10) "\01\02\04\08\10\20\40\80")

  ;; Reads the bytes from $at to $end. $sets is the number of sets, times 8.
  (func (export "scan") (param $at i32) (param $end i32) (param $sets i32)
    (local $column i32) (local $quoted i64)
    (local $low0 v128) (local $low1 v128) (local $low2 v128) (local $low3 v128)
    (local $bit0 v128) (local $bit1 v128) (local $bit2 v128) (local $bit3 v128)
    (local $bits v128) (local $half v128) (local $none v128)
    (local $set i32) (local $members v128)
    (local $valid i64) (local $quotes i64) (local $ends i64) (local $end_bit i64) (local $from i64)
    (local.set $column (i32.load (i32.const 0)))
    (local.set $quoted (i64.load (i32.const 8)))
    (local.set $bits (v128.load (i32.const 0x10)))
    (local.set $half (i8x16.splat (i32.const 0x0f)))

    (block $done (loop $blocks
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))

      ;; Both halves of each byte. A byte beyond ASCII has no bit, so it is of no set.
      (local.set $low0 (v128.load (local.get $at)))
      (local.set $low1 (v128.load offset=16 (local.get $at)))
      (local.set $low2 (v128.load offset=32 (local.get $at)))
      (local.set $low3 (v128.load offset=48 (local.get $at)))
      (local.set $bit0 (i8x16.swizzle (local.get $bits) (i8x16.shr_u (local.get $low0) (i32.const 4))))
      (local.set $bit1 (i8x16.swizzle (local.get $bits) (i8x16.shr_u (local.get $low1) (i32.const 4))))
      (local.set $bit2 (i8x16.swizzle (local.get $bits) (i8x16.shr_u (local.get $low2) (i32.const 4))))
      (local.set $bit3 (i8x16.swizzle (local.get $bits) (i8x16.shr_u (local.get $low3) (i32.const 4))))
      (local.set $low0 (v128.and (local.get $low0) (local.get $half)))
      (local.set $low1 (v128.and (local.get $low1) (local.get $half)))
      (local.set $low2 (v128.and (local.get $low2) (local.get $half)))
      (local.set $low3 (v128.and (local.get $low3) (local.get $half)))

      (local.set $set (i32.const 8))
      (loop $each_set
        (local.set $members (v128.load offset=0x100 (i32.shl (local.get $set) (i32.const 1))))
        (i64.store offset=0x200 (local.get $set)
          (i64.or
            (i64.or
              (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $none)
                (v128.and (i8x16.swizzle (local.get $members) (local.get $low0)) (local.get $bit0)))))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $none)
                (v128.and (i8x16.swizzle (local.get $members) (local.get $low1)) (local.get $bit1))))) (i64.const 16)))
            (i64.or
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $none)
                (v128.and (i8x16.swizzle (local.get $members) (local.get $low2)) (local.get $bit2))))) (i64.const 32))
              (i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (local.get $none)
                (v128.and (i8x16.swizzle (local.get $members) (local.get $low3)) (local.get $bit3))))) (i64.const 48)))))
        (local.set $set (i32.add (local.get $set) (i32.const 8)))
        (br_if $each_set (i32.lt_u (local.get $set) (local.get $sets))))

      ;; Past $end there may be anything.
      (local.set $valid (i64.const -1))
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 64)) (then
        (local.set $valid (i64.sub
          (i64.shl (i64.const 1) (i64.extend_i32_u (i32.sub (local.get $end) (local.get $at))))
          (i64.const 1)))))
      (local.set $ends (i64.and (local.get $valid) (i64.xor (i64.const -1) (i64.load offset=0x200 (i32.const 8)))))
      (local.set $quotes (i64.and (local.get $valid) (i64.xor (i64.const -1) (i64.load offset=0x200 (i32.const 16)))))

      ;; A comma or line feed inside quotes ends nothing. The sum without carry of all quotes up to a byte says whether it
      ;; is inside; a doubled quote goes out and in again.
      (if (i64.ne (i64.or (local.get $quotes) (local.get $quoted)) (i64.const 0)) (then
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 1))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 2))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 4))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 8))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 16))))
        (local.set $quotes (i64.xor (local.get $quotes) (i64.shl (local.get $quotes) (i64.const 32))))
        (local.set $quotes (i64.xor (local.get $quotes) (local.get $quoted)))
        (local.set $quoted (i64.shr_s (local.get $quotes) (i64.const 63)))
        (local.set $ends (i64.and (local.get $ends) (i64.xor (i64.const -1) (local.get $quotes))))))

      ;; Cell by cell: $from is the mask of all bytes behind the last end.
      (local.set $from (local.get $valid))
      (block $last (loop $cells
        (br_if $last (i64.eqz (local.get $ends)))
        (local.set $end_bit (i64.and (local.get $ends) (i64.sub (i64.const 0) (local.get $ends))))
        (if (i64.ne (i64.const 0) (i64.and
              (i64.and (local.get $from) (i64.sub (local.get $end_bit) (i64.const 1)))
              (i64.load offset=0x200 (i32.load8_u offset=0x1000 (local.get $column)))))
          (then (i32.store8 offset=0x2000 (local.get $column) (i32.const 1))))
        (local.set $from (i64.and
          (local.get $valid)
          (i64.xor (local.get $end_bit) (i64.sub (i64.const 0) (local.get $end_bit)))))
        ;; After a line feed the first column; otherwise the next, and the last for all beyond.
        (local.set $column (select
          (i32.const 0)
          (i32.add (local.get $column) (i32.ne (local.get $column) (i32.const 0xfff)))
          (i32.eq (i32.const 0x0a)
            (i32.load8_u (i32.add (local.get $at) (i32.wrap_i64 (i64.ctz (local.get $end_bit))))))))
        (local.set $ends (i64.xor (local.get $ends) (local.get $end_bit)))
        (br $cells)))
      (if (i64.ne (i64.const 0) (i64.and
            (local.get $from)
            (i64.load offset=0x200 (i32.load8_u offset=0x1000 (local.get $column)))))
        (then (i32.store8 offset=0x2000 (local.get $column) (i32.const 1))))

      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br $blocks)))
    (i32.store (i32.const 0) (local.get $column))
    (i64.store (i32.const 8) (local.get $quoted))))
