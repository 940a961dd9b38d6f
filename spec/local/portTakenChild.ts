/** An agent that finds its port taken. */
const main = (): void => {
  console.error('Error: listen EADDRINUSE: address already in use')
  process.exit(1)
}

if (require.main === module) main()
