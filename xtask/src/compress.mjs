// Writes FILE.br and FILE.gz beside each FILE: `node compress.mjs development|release FILE…`
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [profile, ...files] = process.argv.slice(2);
const [brotli, gzip] = profile === 'release' ? [11, 9] : [4, 4];
for (const file of files) {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: brotli, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: gzip }));
}
