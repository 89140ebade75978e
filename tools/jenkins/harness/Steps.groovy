package harness

import java.util.concurrent.locks.ReentrantLock

/** The class of a Jenkinsfile: `pipeline`, and the steps. A step that is not here is refused by its name. */
abstract class Steps extends Script {
    protected Build theBuild
    protected Credentials theCredentials
    Pipeline thePipeline

    void prepare(Build build) {
        theBuild = build
        theCredentials = new Credentials(build)
        binding = new Binding([env: new Env(build), params: build.parameters, scm: 'scm'])
    }

    def methodMissing(String name, args) { throw new Unknown("There is no step `${name}` here.") }

    def propertyMissing(String name) { throw new Unknown("There is no variable `${name}` here.") }

    void pipeline(Closure body) { thePipeline = Pipeline.of(body, this) }

    void stage(String name, Closure body) {
        theBuild.within(theBuild.frame.inStage(name)) { Timing.tell(theBuild, body) }
    }

    void script(Closure body) { body() }

    def sh(String script) { sh(script: script) }

    def sh(Map given) {
        Arguments.check('sh', given, ['script'], ['returnStdout', 'returnStatus', 'label'])
        def (code, text) = new Shell(theBuild).run(given.script as String, given.returnStdout as boolean).with { [it.code, it.text] }
        if (given.returnStatus) return code
        if (code != 0) throw new Failed("script returned exit code ${code}", code as int)
        given.returnStdout ? text : null
    }

    void echo(String message) { message.eachLine { theBuild.tell(type: 'line', text: it) } }

    void println(Object message) { echo(message as String) }

    void error(String message) { throw new Failed(message) }

    String readFile(String path) { new File(folder(), path).getText('UTF-8') }

    void writeFile(Map given) {
        Arguments.check('writeFile', given, ['file', 'text'])
        def file = new File(folder(), given.file as String)
        file.parentFile.mkdirs()
        file.setText(given.text as String, 'UTF-8')
    }

    boolean fileExists(String path) { new File(folder(), path).exists() }

    String pwd(Map given = [:]) {
        Arguments.check('pwd', given, [], ['tmp'])
        given.tmp ? theBuild.temporary().path : folder().path
    }

    def dir(String path, Closure body) {
        def inner = new File(folder(), path)
        inner.mkdirs()
        theBuild.within(theBuild.frame + [folder: inner], body)
    }

    void deleteDir() { Folders.delete(folder()) }

    void cleanWs() {
        Folders.delete(theBuild.frame.workspace)
        Folders.delete(theBuild.temporary())
    }

    void checkout(String what) {
        if (what != 'scm') throw new Unknown("`checkout` takes `scm` here, not `${what}`.")
        Checkout.of(theBuild)
    }

    def withEnv(List variables, Closure body) {
        def pairs = variables.collectEntries { variable ->
            def text = variable as String
            [text.substring(0, text.indexOf('=')), text.substring(text.indexOf('=') + 1)]
        }
        theBuild.within(theBuild.frame.withEnv(pairs), body)
    }

    Map string(Map given) { [kind: 'string', *: Arguments.check('string', given, ['credentialsId', 'variable'])] }

    Map file(Map given) { [kind: 'file', *: Arguments.check('file', given, ['credentialsId', 'variable'])] }

    Map gitUsernamePassword(Map given) {
        [kind: 'gitUsernamePassword', *: Arguments.check('gitUsernamePassword', given, ['credentialsId'], ['gitToolName'])]
    }

    def withCredentials(List<Map> bindings, Closure body) { theCredentials.bind(bindings, body) }

    void input(String message) { input(message: message) }

    void input(Map given) {
        Arguments.check('input', given, ['message'], ['ok', 'submitter', 'id'])
        Answer.ask(theBuild, given)
    }

    def timeout(Map given, Closure body) {
        theBuild.within(theBuild.frame.endingIn(Arguments.nanoseconds('timeout', given)), body)
    }

    def retry(int times, Closure body) {
        for (int left = times; ; left--) {
            try {
                return body()
            } catch (Failed failure) {
                if (left <= 1) throw failure
                echo("${failure.message}; retrying")
            }
        }
    }

    def lock(Map given, Closure body) {
        Arguments.check('lock', given, ['resource'])
        def lock = theBuild.locks.computeIfAbsent(given.resource as String) { new ReentrantLock() }
        lock.lock()
        try {
            body()
        } finally {
            lock.unlock()
        }
    }

    void archiveArtifacts(Map given) {
        Arguments.check('archiveArtifacts', given, ['artifacts'], ['allowEmptyArchive'])
        def found = Globs.find(folder(), given.artifacts as String)
        if (!found && !given.allowEmptyArchive) throw new Failed("No artifacts found that match `${given.artifacts}`.")
        Globs.copy(found, theBuild.folder('artifacts'))
        found.keySet().each { theBuild.tell(type: 'artifact', path: it) }
    }

    void stash(Map given) {
        Arguments.check('stash', given, ['name', 'includes'])
        def found = Globs.find(folder(), given.includes as String)
        if (!found) throw new Failed("No files included in stash `${given.name}`")
        def kept = theBuild.folder(theBuild.next('stash'))
        Globs.copy(found, kept)
        theBuild.stashes[given.name as String] = kept
    }

    void unstash(String name) {
        def kept = theBuild.stashes[name]
        if (!kept) throw new Failed("No such saved stash `${name}`")
        Globs.copy(Globs.find(kept, '**'), folder())
    }

    void emailext(Map given) {
        Arguments.check('emailext', given, ['subject', 'body', 'to'])
        theBuild.tell([type: 'mail'] + given.collectEntries { [it.key, it.value as String] })
    }

    private File folder() {
        theBuild.temporary()
        theBuild.frame.folder.mkdirs()
        theBuild.frame.folder
    }
}
