;; Compares the hashes of photos with one hash, in four orientations at once, sixteen photos at a time.
;;
;; A block has the hashes of sixteen photos as 32 planes of 16 bytes: byte n of every hash lies in plane n. A query has the
;; same shape, with one hash in all sixteen lanes. Planes 0-7 are parity class 0 of the coefficients, 8-15 class 1 and so on.
;; Mirroring a picture complements whole classes, so that the bits p0 to p3 in which the classes differ, less the 32 of 64 that
;; chance gives, tell the distance in each orientation:
;;   as it is p0+p1+p2+p3, mirrored left-right p0-p1+p2-p3, top-bottom p0+p1-p2-p3, both p0-p1-p2+p3, each plus 128.
(module
  (memory (export "memory") 1)

  ;; Bytes from $out are (position i32, orientation * 256 + distance i32) for each photo that is near enough; position counts
  ;; from the first block. Also writes over the 32 bytes after the last of them. Returns how many there are.
  (func (export "scan")
    (param $block i32) (param $blocks i32) (param $query i32) (param $limit i32) (param $out i32) (result i32)
    (local $position i32) (local $lanes i32) (local $lane i32) (local $found i32) (local $near v128)
    (local $p0 v128) (local $p1 v128) (local $p2 v128) (local $p3 v128)
    (local $sum01 v128) (local $difference01 v128) (local $sum23 v128) (local $difference23 v128)
    (local $straight v128) (local $leftRight v128) (local $topBottom v128) (local $both v128)
    (local $best v128) (local $orientation v128)
    (local.set $near (i8x16.splat (i32.sub (local.get $limit) (i32.const 128))))
    (local.set $found (local.get $out))
    (loop $next
      (local.set $p0 (i8x16.popcnt (v128.xor (v128.load offset=0 (local.get $block)) (v128.load offset=0 (local.get $query)))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=16 (local.get $block)) (v128.load offset=16 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=32 (local.get $block)) (v128.load offset=32 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=48 (local.get $block)) (v128.load offset=48 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=64 (local.get $block)) (v128.load offset=64 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=80 (local.get $block)) (v128.load offset=80 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=96 (local.get $block)) (v128.load offset=96 (local.get $query))))))
      (local.set $p0 (i8x16.add (local.get $p0) (i8x16.popcnt (v128.xor (v128.load offset=112 (local.get $block)) (v128.load offset=112 (local.get $query))))))
      (local.set $p1 (i8x16.popcnt (v128.xor (v128.load offset=128 (local.get $block)) (v128.load offset=128 (local.get $query)))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=144 (local.get $block)) (v128.load offset=144 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=160 (local.get $block)) (v128.load offset=160 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=176 (local.get $block)) (v128.load offset=176 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=192 (local.get $block)) (v128.load offset=192 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=208 (local.get $block)) (v128.load offset=208 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=224 (local.get $block)) (v128.load offset=224 (local.get $query))))))
      (local.set $p1 (i8x16.add (local.get $p1) (i8x16.popcnt (v128.xor (v128.load offset=240 (local.get $block)) (v128.load offset=240 (local.get $query))))))
      (local.set $p2 (i8x16.popcnt (v128.xor (v128.load offset=256 (local.get $block)) (v128.load offset=256 (local.get $query)))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=272 (local.get $block)) (v128.load offset=272 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=288 (local.get $block)) (v128.load offset=288 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=304 (local.get $block)) (v128.load offset=304 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=320 (local.get $block)) (v128.load offset=320 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=336 (local.get $block)) (v128.load offset=336 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=352 (local.get $block)) (v128.load offset=352 (local.get $query))))))
      (local.set $p2 (i8x16.add (local.get $p2) (i8x16.popcnt (v128.xor (v128.load offset=368 (local.get $block)) (v128.load offset=368 (local.get $query))))))
      (local.set $p3 (i8x16.popcnt (v128.xor (v128.load offset=384 (local.get $block)) (v128.load offset=384 (local.get $query)))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=400 (local.get $block)) (v128.load offset=400 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=416 (local.get $block)) (v128.load offset=416 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=432 (local.get $block)) (v128.load offset=432 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=448 (local.get $block)) (v128.load offset=448 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=464 (local.get $block)) (v128.load offset=464 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=480 (local.get $block)) (v128.load offset=480 (local.get $query))))))
      (local.set $p3 (i8x16.add (local.get $p3) (i8x16.popcnt (v128.xor (v128.load offset=496 (local.get $block)) (v128.load offset=496 (local.get $query))))))

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
          (loop $nextLane
            (local.set $lane (i32.ctz (local.get $lanes)))
            (local.set $lanes (i32.and (local.get $lanes) (i32.sub (local.get $lanes) (i32.const 1))))
            ;; A lane can be picked by number only from memory.
            (v128.store offset=8 (local.get $found) (local.get $best))
            (v128.store offset=24 (local.get $found) (local.get $orientation))
            (i32.store (local.get $found) (i32.add (local.get $position) (local.get $lane)))
            (i32.store offset=4 (local.get $found)
              (i32.add
                (i32.add (i32.const 128) (i32.load8_s offset=8 (i32.add (local.get $found) (local.get $lane))))
                (i32.shl (i32.load8_u offset=24 (i32.add (local.get $found) (local.get $lane))) (i32.const 8))))
            (local.set $found (i32.add (local.get $found) (i32.const 8)))
            (br_if $nextLane (local.get $lanes)))))

      (local.set $position (i32.add (local.get $position) (i32.const 16)))
      (local.set $block (i32.add (local.get $block) (i32.const 512)))
      (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
      (br_if $next (local.get $blocks)))
    (i32.shr_u (i32.sub (local.get $found) (local.get $out)) (i32.const 3))))
