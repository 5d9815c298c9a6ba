;; Compares the hashes of photos with four hashes at a time, in four orientations at once, sixteen photos at a time.
;;
;; A block has the hashes of sixteen photos as 32 planes of 16 bytes: byte n of every hash lies in plane n. Planes 0-7 are parity
;; class 0 of the coefficients, 8-15 class 1 and so on. A query is one hash as 64 tables of 16 bytes: for the lower, then the
;; upper half of each byte, in how many bits it differs from each of the sixteen values that the half of a byte can have. So
;; counting is looking up, and taking a block apart into halves is shared by four queries. (Counting the bits of block xor query
;; by i8x16.popcnt takes 1.6 times as long, bits of one photo at a time by i64.popcnt twice.)
;;
;; Mirroring a picture complements whole classes. So the bits p0 to p3 in which the classes differ, less the 32 of 64 that chance
;; gives, tell the distance in each orientation:
;;   as it is p0+p1+p2+p3, mirrored left-right p0-p1+p2-p3, top-bottom p0+p1-p2-p3, both p0-p1-p2+p3, each plus 128.
;;
;; The first 512 bytes of the memory are scratch: p0 to p3 of the four queries (64 bytes each), then what is looked into lane by
;; lane.
(module
  (memory (export "memory") 1)

  ;; Makes the query ($query, 1024 bytes) of a hash ($hash, 32 bytes).
  (func (export "prepare") (param $hash i32) (param $query i32)
    (local $end i32) (local $byte i32)
    (local.set $end (i32.add (local.get $hash) (i32.const 32)))
    (loop $next
      (local.set $byte (i32.load8_u (local.get $hash)))
      (v128.store (local.get $query)
        (i8x16.popcnt
          (v128.xor
            (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
            (i8x16.splat (i32.and (local.get $byte) (i32.const 15))))))
      (v128.store offset=16 (local.get $query)
        (i8x16.popcnt
          (v128.xor
            (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
            (i8x16.splat (i32.shr_u (local.get $byte) (i32.const 4))))))
      (local.set $query (i32.add (local.get $query) (i32.const 32)))
      (local.set $hash (i32.add (local.get $hash) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $hash) (local.get $end)))))

  ;; Compares blocks with the first $count of four queries that lie one after the other. Bytes from $findings are then
  ;; (position i32, query * 65536 + orientation * 256 + distance i32) for each hash that is near enough; position counts from the
  ;; first block. Returns how many there are.
  (func (export "scan")
    (param $block i32) (param $blocks i32) (param $queries i32) (param $count i32) (param $limit i32) (param $findings i32)
    (result i32)
    (local $position i32) (local $found i32) (local $near v128)
    ;; Within a block: the table of the first query, the class, and what the planes of a class add up to for each query.
    (local $table i32) (local $class i32) (local $plane i32) (local $planesEnd i32)
    (local $bytes v128) (local $low v128) (local $high v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    ;; Within a block, for each query.
    (local $query i32) (local $counts i32) (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128)
    (local $sum01 v128) (local $difference01 v128) (local $sum23 v128) (local $difference23 v128)
    (local $straight v128) (local $leftRight v128) (local $topBottom v128) (local $both v128)
    (local $best v128) (local $orientation v128) (local $lanes i32) (local $lane i32)

    (local.set $near (i8x16.splat (i32.sub (local.get $limit) (i32.const 128))))
    (local.set $found (local.get $findings))
    (local.set $plane (local.get $block))
    (loop $nextBlock
      (local.set $table (local.get $queries))
      (local.set $class (i32.const 0))
      (loop $nextClass
        (local.set $a (v128.const i64x2 0 0))
        (local.set $b (v128.const i64x2 0 0))
        (local.set $c (v128.const i64x2 0 0))
        (local.set $d (v128.const i64x2 0 0))
        (local.set $planesEnd (i32.add (local.get $plane) (i32.const 128)))
        ;; A new photo comes alone, and does not have to wait for three that are not there.
        (if (i32.eq (local.get $count) (i32.const 1))
          (then
            (loop $nextPlaneOfOne
              (local.set $bytes (v128.load (local.get $plane)))
              (local.set $low (v128.and (local.get $bytes) (i8x16.splat (i32.const 15))))
              (local.set $high
                (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (i8x16.splat (i32.const 15))))
              (local.set $a
                (i8x16.add (local.get $a)
                  (i8x16.add
                    (i8x16.relaxed_swizzle (v128.load (local.get $table)) (local.get $low))
                    (i8x16.relaxed_swizzle (v128.load offset=16 (local.get $table)) (local.get $high)))))
              (local.set $table (i32.add (local.get $table) (i32.const 32)))
              (local.set $plane (i32.add (local.get $plane) (i32.const 16)))
              (br_if $nextPlaneOfOne (i32.lt_u (local.get $plane) (local.get $planesEnd)))))
          (else
            (loop $nextPlane
              (local.set $bytes (v128.load (local.get $plane)))
              (local.set $low (v128.and (local.get $bytes) (i8x16.splat (i32.const 15))))
              (local.set $high
                (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (i8x16.splat (i32.const 15))))
              (local.set $a
                (i8x16.add (local.get $a)
                  (i8x16.add
                    (i8x16.relaxed_swizzle (v128.load (local.get $table)) (local.get $low))
                    (i8x16.relaxed_swizzle (v128.load offset=16 (local.get $table)) (local.get $high)))))
              (local.set $b
                (i8x16.add (local.get $b)
                  (i8x16.add
                    (i8x16.relaxed_swizzle (v128.load offset=1024 (local.get $table)) (local.get $low))
                    (i8x16.relaxed_swizzle (v128.load offset=1040 (local.get $table)) (local.get $high)))))
              (local.set $c
                (i8x16.add (local.get $c)
                  (i8x16.add
                    (i8x16.relaxed_swizzle (v128.load offset=2048 (local.get $table)) (local.get $low))
                    (i8x16.relaxed_swizzle (v128.load offset=2064 (local.get $table)) (local.get $high)))))
              (local.set $d
                (i8x16.add (local.get $d)
                  (i8x16.add
                    (i8x16.relaxed_swizzle (v128.load offset=3072 (local.get $table)) (local.get $low))
                    (i8x16.relaxed_swizzle (v128.load offset=3088 (local.get $table)) (local.get $high)))))
              (local.set $table (i32.add (local.get $table) (i32.const 32)))
              (local.set $plane (i32.add (local.get $plane) (i32.const 16)))
              (br_if $nextPlane (i32.lt_u (local.get $plane) (local.get $planesEnd))))))
        (v128.store (local.get $class) (local.get $a))
        (v128.store offset=64 (local.get $class) (local.get $b))
        (v128.store offset=128 (local.get $class) (local.get $c))
        (v128.store offset=192 (local.get $class) (local.get $d))
        (local.set $class (i32.add (local.get $class) (i32.const 16)))
        (br_if $nextClass (i32.lt_u (local.get $class) (i32.const 64))))

      (local.set $query (i32.const 0))
      (loop $nextQuery
        (local.set $counts (i32.shl (local.get $query) (i32.const 6)))
        (local.set $p0 (v128.load (local.get $counts)))
        (local.set $p1 (v128.load offset=16 (local.get $counts)))
        (local.set $p2 (v128.load offset=32 (local.get $counts)))
        (local.set $p3 (v128.load offset=48 (local.get $counts)))
        ;; Counts are 0 to 64. The 64 that chance gives two classes goes off at once, so that everything fits in a signed byte;
        ;; the one sum that does not, +128, is as far as it gets and may saturate.
        (local.set $sum01 (i8x16.sub (i8x16.add (local.get $p0) (local.get $p1)) (i8x16.splat (i32.const 64))))
        (local.set $difference01 (i8x16.sub (local.get $p0) (local.get $p1)))
        (local.set $sum23 (i8x16.sub (i8x16.add (local.get $p2) (local.get $p3)) (i8x16.splat (i32.const 64))))
        (local.set $difference23 (i8x16.sub (local.get $p2) (local.get $p3)))
        (local.set $straight (i8x16.add_sat_s (local.get $sum01) (local.get $sum23)))
        (local.set $leftRight (i8x16.add_sat_s (local.get $difference01) (local.get $difference23)))
        (local.set $topBottom (i8x16.sub_sat_s (local.get $sum01) (local.get $sum23)))
        (local.set $both (i8x16.sub_sat_s (local.get $difference01) (local.get $difference23)))
        (local.set $best
          (i8x16.min_s
            (i8x16.min_s (local.get $straight) (local.get $leftRight))
            (i8x16.min_s (local.get $topBottom) (local.get $both))))

        (local.set $lanes (i8x16.bitmask (i8x16.le_s (local.get $best) (local.get $near))))
        (if (local.get $lanes)
          (then
            ;; The first orientation that is as near as the best.
            (local.set $orientation (i8x16.splat (i32.const 3)))
            (local.set $orientation
              (v128.bitselect (i8x16.splat (i32.const 2)) (local.get $orientation)
                (i8x16.eq (local.get $topBottom) (local.get $best))))
            (local.set $orientation
              (v128.bitselect (i8x16.splat (i32.const 1)) (local.get $orientation)
                (i8x16.eq (local.get $leftRight) (local.get $best))))
            (local.set $orientation
              (v128.andnot (local.get $orientation) (i8x16.eq (local.get $straight) (local.get $best))))
            ;; A lane can be picked by number only from memory.
            (v128.store offset=256 (i32.const 0) (local.get $best))
            (v128.store offset=272 (i32.const 0) (local.get $orientation))
            (loop $nextLane
              (local.set $lane (i32.ctz (local.get $lanes)))
              (local.set $lanes (i32.and (local.get $lanes) (i32.sub (local.get $lanes) (i32.const 1))))
              (i32.store (local.get $found) (i32.add (local.get $position) (local.get $lane)))
              (i32.store offset=4 (local.get $found)
                (i32.add
                  (i32.add (i32.const 128) (i32.load8_s offset=256 (local.get $lane)))
                  (i32.add
                    (i32.shl (i32.load8_u offset=272 (local.get $lane)) (i32.const 8))
                    (i32.shl (local.get $query) (i32.const 16)))))
              (local.set $found (i32.add (local.get $found) (i32.const 8)))
              (br_if $nextLane (local.get $lanes)))))
        (local.set $query (i32.add (local.get $query) (i32.const 1)))
        (br_if $nextQuery (i32.lt_u (local.get $query) (local.get $count))))

      (local.set $position (i32.add (local.get $position) (i32.const 16)))
      (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
      (br_if $nextBlock (local.get $blocks)))
    (i32.shr_u (i32.sub (local.get $found) (local.get $findings)) (i32.const 3))))
