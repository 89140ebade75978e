package harness

import java.nio.file.Files
import java.nio.file.LinkOption

/** Paths as Ant writes patterns of them, several with commas between. */
class Globs {
    static boolean matches(String patterns, String path) {
        patterns.split(',')*.trim().any { path ==~ toExpression(it) }
    }

    /** Files below a folder that match, by their paths from there. What links lead to is not below it. */
    static Map<String, File> find(File folder, String patterns) {
        def root = folder.toPath()
        Files.walk(root).withCloseable { paths ->
            paths.filter { Files.isRegularFile(it, LinkOption.NOFOLLOW_LINKS) }
                .collect { it }
                .collectEntries { [root.relativize(it).toString(), it.toFile()] }
                .findAll { path, file -> matches(patterns, path) }
        }
    }

    static void copy(Map<String, File> files, File to) {
        files.each { path, file ->
            def target = new File(to, path)
            target.parentFile.mkdirs()
            target.bytes = file.bytes
        }
    }

    private static String toExpression(String pattern) {
        String whole = pattern.endsWith('/') ? pattern + '**' : pattern
        (whole =~ /\*\*\/|\*\*|[*?]|[^*?]+/).collect { part ->
            switch (part) {
                case '**/': return '(?:.*/)?'
                case '**': return '.*'
                case '*': return '[^/]*'
                case '?': return '[^/]'
                default: return java.util.regex.Pattern.quote(part)
            }
        }.join('')
    }
}
