import sharp from 'sharp';

/** What a made picture shows. */
export const scenes = ['mountains', 'sea', 'city', 'garden', 'dunes', 'night'] as const;
export type Scene = (typeof scenes)[number];

/** Decoded pixels, three channels of 8 bits. */
export interface Pixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: 3 };
}

/** Width in which scenes are drawn, in pixels: shapes are soft like those of a lens when enlarged from here. */
const drawnWidth = 1000;

/** Numbers from 0 to 1, the same ones for the same seed. */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1));
  }
}

/** Draws a scene in full size, with the grain of a sensor. */
export async function renderScene(scene: Scene, seed: number, width: number, height: number): Promise<Pixels> {
  const dice = new Dice(seed);
  const drawnHeight = Math.round((drawnWidth * height) / width);
  const drawing = drawings[scene](dice, drawnWidth, drawnHeight);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${drawnWidth}" height="${drawnHeight}">${drawing}</svg>`;
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten()
    .toColourspace('srgb')
    .resize(width, height)
    .raw()
    .toBuffer({ resolveWithObject: true });
  addGrain(data, dice);
  return { data, info: { width: info.width, height: info.height, channels: 3 } };
}

/** Samples of noise that are laid over a picture again and again: a prime, so that rows do not line up. */
const grainLength = 65_521;

function addGrain(data: Buffer, dice: Dice): void {
  const grain = Int8Array.from({ length: grainLength }, () => (dice.next() + dice.next() + dice.next() - 1.5) * 26);
  const pixels = new Uint8ClampedArray(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at < pixels.length; at += 1) pixels[at] = (pixels[at] ?? 0) + (grain[at % grainLength] ?? 0);
}

type Drawing = (dice: Dice, width: number, height: number) => string;

const drawings: Readonly<Record<Scene, Drawing>> = {
  mountains(dice, width, height) {
    const hue = dice.between(190, 260);
    const count = dice.whole(3, 6);
    const ranges = Array.from({ length: count }, (_, index) => {
      const depth = index / count;
      const base = height * (0.35 + 0.6 * depth);
      const colour = hsl(hue - depth * 90, 18 + depth * 30, 70 - depth * 48);
      return ridge(dice, width, height, base, height * dice.between(0.06, 0.2), colour);
    });
    return (
      sky(width, height, hsl(hue, 60, 62), hsl(dice.between(15, 50), 75, 82)) +
      sun(dice, width, height) +
      ranges.join('')
    );
  },
  sea(dice, width, height) {
    const horizon = height * dice.between(0.35, 0.6);
    const hue = dice.between(185, 225);
    const waves = Array.from({ length: 70 }, () => {
      const near = dice.next() ** 1.5;
      const y = horizon + 4 + near * (height - horizon);
      const length = 20 + near * dice.between(80, 340);
      return `<ellipse cx="${dice.between(0, width)}" cy="${y}" rx="${length}" ry="${1 + near * 5}" fill="${hsl(hue, 55, dice.between(35, 80))}" opacity="0.45"/>`;
    });
    const boats = Array.from({ length: dice.whole(1, 4) }, () =>
      boat(dice, dice.between(0.1, 0.9) * width, horizon + dice.between(4, 90)),
    );
    return (
      sky(width, height, hsl(hue, 70, 60), hsl(dice.between(20, 60), 80, 86)) +
      sun(dice, width, horizon) +
      `<rect y="${horizon}" width="${width}" height="${height - horizon}" fill="${hsl(hue, 60, 38)}"/>${waves.join('')}${boats.join('')}`
    );
  },
  city(dice, width, height) {
    const dusk = dice.between(210, 290);
    let skyline = '';
    for (let x = -20; x < width;) {
      const wide = dice.between(45, 130);
      const top = height * dice.between(0.2, 0.7);
      skyline += `<rect x="${x}" y="${top}" width="${wide}" height="${height - top}" fill="${hsl(dusk, 20, dice.between(14, 34))}"/>`;
      for (let y = top + 12; y < height - 14; y += 22) {
        for (let at = x + 8; at < x + wide - 10; at += 18) {
          if (dice.next() < 0.55)
            skyline += `<rect x="${at}" y="${y}" width="9" height="12" fill="${hsl(45, 90, dice.between(55, 85))}"/>`;
        }
      }
      x += wide + dice.between(-8, 14);
    }
    return sky(width, height, hsl(dusk, 55, 32), hsl(dice.between(10, 40), 85, 68)) + skyline;
  },
  garden(dice, width, height) {
    const flowers = Array.from({ length: dice.whole(14, 40) }, () => {
      const [x, y, size] = [dice.between(0, width), dice.between(0.15, 1) * height, dice.between(14, 70)];
      const hue = dice.between(290, 420) % 360;
      const petals = Array.from(
        { length: 7 },
        (_, petal) =>
          `<ellipse rx="${size}" ry="${size * 0.4}" transform="translate(${x} ${y}) rotate(${petal * 51.4}) translate(${size * 0.8} 0)" fill="${hsl(hue, 80, 50 + petal * 4)}"/>`,
      );
      return `${petals.join('')}<circle cx="${x}" cy="${y}" r="${size * 0.5}" fill="${hsl(45, 90, 50)}"/>`;
    });
    const leaves = Array.from(
      { length: 220 },
      () =>
        `<ellipse cx="${dice.between(0, width)}" cy="${dice.between(0, height)}" rx="${dice.between(10, 60)}" ry="${dice.between(4, 16)}" fill="${hsl(dice.between(80, 150), 50, dice.between(15, 45))}" opacity="0.8"/>`,
    );
    return sky(width, height, hsl(110, 40, 34), hsl(95, 45, 20)) + leaves.join('') + flowers.join('');
  },
  dunes(dice, width, height) {
    const hue = dice.between(22, 46);
    const waves = Array.from({ length: 6 }, (_, index) =>
      ridge(dice, width, height, height * (0.4 + index * 0.1), height * 0.05, hsl(hue, 60, 74 - index * 8)),
    );
    return sky(width, height, hsl(205, 70, 55), hsl(hue, 60, 88)) + sun(dice, width, height) + waves.join('');
  },
  night(dice, width, height) {
    const stars = Array.from(
      { length: 260 },
      () =>
        `<circle cx="${dice.between(0, width)}" cy="${dice.between(0, height * 0.8)}" r="${dice.between(0.6, 2.4)}" fill="white" opacity="${dice.between(0.3, 1)}"/>`,
    );
    const moon = `<circle cx="${dice.between(0.1, 0.9) * width}" cy="${dice.between(0.1, 0.4) * height}" r="${dice.between(20, 60)}" fill="#fdf6d8"/>`;
    const hills = ridge(dice, width, height, height * 0.78, height * 0.12, hsl(230, 30, 8));
    return (
      sky(width, height, hsl(dice.between(215, 260), 60, 10), hsl(dice.between(180, 320), 50, 34)) +
      stars.join('') +
      moon +
      hills
    );
  },
};

function hsl(hue: number, saturation: number, lightness: number): string {
  return `hsl(${Math.round((hue + 360) % 360)} ${Math.round(saturation)}% ${Math.round(lightness)}%)`;
}

function sky(width: number, height: number, top: string, bottom: string): string {
  return `<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient></defs><rect width="${width}" height="${height}" fill="url(#sky)"/>`;
}

function sun(dice: Dice, width: number, horizon: number): string {
  const [x, y, size] = [dice.between(0.1, 0.9) * width, dice.between(0.1, 0.5) * horizon, dice.between(25, 60)];
  return `<circle cx="${x}" cy="${y}" r="${size * 3}" fill="#fff2c0" opacity="0.25"/><circle cx="${x}" cy="${y}" r="${size}" fill="#fff6da"/>`;
}

/** A line of hills from the left to the right edge, filled downwards. */
function ridge(dice: Dice, width: number, height: number, base: number, rise: number, colour: string): string {
  const waves = Array.from({ length: 5 }, (_, octave) => ({
    length: width / (1.2 + octave * dice.between(1, 2.2)),
    shift: dice.between(0, 7),
    rise: rise / (1 + octave),
  }));
  let line = `M0 ${height}`;
  for (let x = 0; x <= width; x += 8) {
    const y = base - waves.reduce((sum, wave) => sum + Math.sin((x / wave.length) * 6.283 + wave.shift) * wave.rise, 0);
    line += `L${x} ${y.toFixed(1)}`;
  }
  return `<path d="${line}L${width} ${height}Z" fill="${colour}"/>`;
}

function boat(dice: Dice, x: number, y: number): string {
  const size = dice.between(12, 40);
  const colour = hsl(dice.between(0, 360), 75, 45);
  return `<path d="M${x} ${y}h${size * 2}l${-size * 0.4} ${size * 0.5}h${-size * 1.2}Z" fill="${colour}"/><path d="M${x + size} ${y - 2}v${-size * 2}l${size * 0.9} ${size * 1.8}Z" fill="#fbfaf2"/>`;
}
