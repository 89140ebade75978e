import groovy.json.JsonSlurperClassic
import harness.Build
import harness.Harness
import harness.Unknown

/*
 * Runs one build of a declarative Jenkinsfile on this machine: `main.groovy BUILD.json`. What happens is told on stdout, a
 * JSON document a line. Exit codes: 0 the build ran to its end, whatever its result · 2 the Jenkinsfile, or the
 * description of the build, asks for something that is not here.
 */
// Its own stream: what a Jenkinsfile prints by itself must not stand between the documents.
def out = System.out
System.out = System.err
try {
    new Harness(new Build(new JsonSlurperClassic().parse(new File(args[0])) as Map, out)).run()
} catch (Unknown | org.codehaus.groovy.control.CompilationFailedException refusal) {
    System.err.println(refusal.message)
    System.exit(2)
}
System.exit(0)
