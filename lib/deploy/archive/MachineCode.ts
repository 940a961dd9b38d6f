/** Machine code in files: for what machine it is, told by its first bytes. */

/** What a file is to the machines of AgentCore, which are linux-arm64. */
export type MachineCode = 'none' | 'linux-arm64' | 'other'

const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46])

/** The number of AArch64 in the header of an ELF file. */
const aarch64 = 0xb7

/** The first bytes of programs of macOS, in both byte orders and for several machines at once. */
const machO = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe])

/** What a file is. Of other systems only add-ons count: a `.exe` that nothing loads does no harm. */
export const machineCodeOf = (name: string, contents: Uint8Array): MachineCode => {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, Math.min(contents.byteLength, 64))
  if (bytes.length < 20) return 'none'
  if (bytes.subarray(0, 4).equals(elf)) {
    const isLittleEndian = bytes[5] === 1
    return isLittleEndian && bytes[4] === 2 && bytes.readUInt16LE(18) === aarch64 ? 'linux-arm64' : 'other'
  }
  if (!/[.](node|so|dylib)([.]\d+)*$/.test(name)) return 'none'
  const isOfOthers = machO.has(bytes.readUInt32BE(0)) || bytes.readUInt16BE(0) === 0x4d5a
  return isOfOthers || name.endsWith('.node') ? 'other' : 'none'
}

/**
 * Whether a file is one of several builds for several machines, of which a loader takes the right one: those for other
 * machines are left out, because the service refuses an archive with any of them.
 */
export const isAlternative = (name: string): boolean =>
  /(?:^|\/)(?:prebuilds|napi-v\d+)\//.test(name) ||
  /(?:linux|linuxmusl|darwin|win32|android|freebsd)[-_./](?:x64|arm64|ia32|arm|s390x|ppc64|riscv64)/.test(name)
