import { type ImageTensor, imageSize } from "../preprocessing.ts";
import type { Random } from "../random.ts";

/**
 * The picture as another photographer might have taken it: perhaps mirrored, turned by up to 0.35 rad, nearer or farther
 * by up to 15 %, and shifted by up to 6 % of its width. Pixels from beyond the edge repeat the edge.
 */
export function anotherView(random: Random, { data, dims }: ImageTensor): ImageTensor {
  const angle = random.between(-0.35, 0.35);
  const scale = random.between(0.85, 1.15);
  const mirror = random.chance(0.5) ? -1 : 1;
  const reach = 0.06 * imageSize;
  const [shiftX, shiftY] = [random.between(-reach, reach), random.between(-reach, reach)];
  const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
  const centre = (imageSize - 1) / 2;
  const plane = imageSize * imageSize;
  const view = new Float32Array(data.length);
  const inside = (place: number): number => Math.min(imageSize - 1.001, Math.max(0, place));
  for (let y = 0; y < imageSize; y++) {
    for (let x = 0; x < imageSize; x++) {
      const dx = (x - centre) * mirror;
      const dy = y - centre;
      const fromX = inside(centre + shiftX + dx * cos - dy * sin);
      const fromY = inside(centre + shiftY + dx * sin + dy * cos);
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const right = fromX - left;
      const low = fromY - top;
      for (let at = top * imageSize + left, to = y * imageSize + x; to < data.length; at += plane, to += plane) {
        const upper = (data[at] ?? 0) * (1 - right) + (data[at + 1] ?? 0) * right;
        const lower = (data[at + imageSize] ?? 0) * (1 - right) + (data[at + imageSize + 1] ?? 0) * right;
        view[to] = upper * (1 - low) + lower * low;
      }
    }
  }
  return { data: view, dims };
}
