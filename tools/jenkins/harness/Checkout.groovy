package harness

/** `checkout scm`: the commit that the build is about, without a branch, as Jenkins leaves it. */
class Checkout {
    static void of(Build build) {
        def (url, branch, commit) = (build.given.repository as Map).with { [it.url, it.branch, it.commit] }
        git(build, 'init', '--quiet')
        git(build, 'config', 'remote.origin.url', url as String)
        def refspec = "+refs/heads/${branch}:refs/remotes/origin/${branch}" as String
        git(build, 'config', '--replace-all', 'remote.origin.fetch', refspec)
        git(build, 'fetch', '--quiet', 'origin', refspec)
        git(build, 'checkout', '--quiet', '--force', '--detach', commit as String)
    }

    private static void git(Build build, String... args) {
        def process = new ProcessBuilder(['git'] + (args as List)).directory(build.frame.folder).redirectErrorStream(true)
        process.environment().clear()
        process.environment().putAll(build.environment())
        def running = process.start()
        def text = running.inputStream.getText('UTF-8')
        if (running.waitFor() != 0) throw new Failed("git ${args.join(' ')} failed:\n${text}")
    }
}
