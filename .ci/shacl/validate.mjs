// Validates CASE/UCO documents (JSON-LD with inline context) with the SHACL
// shapes of the ontology. Usage: node validate.mjs ONTOLOGY [--expect JSON] FILE…
// Prints one line a file; exits 1 when a file has a result of severity
// Violation or, with --expect, when its counts are not those listed there.
import fs from 'node:fs'
import path from 'node:path'
import env from '@zazuko/env'
import jsonld from 'jsonld'
import { Parser } from 'n3'
import { Validator } from 'shacl-engine'

const OWL_IMPORTS = 'http://www.w3.org/2002/07/owl#imports'

function turtleFiles (dir) {
  return fs.readdirSync(dir, { recursive: true }).map(String).filter(f => f.endsWith('.ttl')).sort().map(f => path.join(dir, f))
}

function quads (text, format) {
  return new Parser({ factory: env, format }).parse(text).map(q => env.quad(term(q.subject), term(q.predicate), term(q.object)))
}

// term makes n3's terms those of the environment that the engine compares with.
function term (t) {
  if (t.termType === 'NamedNode') return env.namedNode(t.value)
  if (t.termType === 'BlankNode') return env.blankNode(t.value)
  // The engine's pattern for xsd:string takes the halves of characters beyond
  // U+FFFF (emoji) for forbidden ones; XML 1.0 allows the characters.
  const value = t.value.replace(/[\u{10000}-\u{10FFFF}]/gu, '\u25a1')
  return t.language ? env.literal(value, t.language) : env.literal(value, env.namedNode(t.datatype.value))
}

// Blank nodes of different files must not become one.
function apart (list, prefix) {
  const b = t => t.termType === 'BlankNode' ? env.blankNode(prefix + t.value) : t
  return list.map(q => env.quad(b(q.subject), q.predicate, b(q.object)))
}

function ontology (dir) {
  const set = env.dataset()
  turtleFiles(dir).forEach((f, i) => {
    for (const q of apart(quads(fs.readFileSync(f, 'utf8'), 'text/turtle'), `o${i}_`)) {
      if (q.predicate.value !== OWL_IMPORTS) set.add(q)
    }
  })
  return set
}

async function document (file) {
  const nquads = await jsonld.toRDF(JSON.parse(fs.readFileSync(file, 'utf8')), {
    format: 'application/n-quads',
    documentLoader: url => { throw new Error(`remote context refused: ${url}`) }
  })
  return quads(nquads, 'application/n-quads')
}

async function main () {
  const args = process.argv.slice(2)
  const shapes = ontology(args.shift())
  let expect = null
  if (args[0] === '--expect') expect = JSON.parse(fs.readFileSync(args.splice(0, 2)[1], 'utf8')).documents
  const validator = new Validator(shapes, { factory: env })
  let bad = 0
  for (const file of args) {
    const counts = { Violation: 0, Warning: 0, Info: 0 }
    let said = ''
    let triples = 0
    try {
      const own = await document(file)
      triples = env.dataset(own).size
      const data = env.dataset([...shapes, ...apart(own, 'd_')])
      const report = await validator.validate({ dataset: data })
      for (const r of report.results) {
        const severity = r.severity.value.split('#')[1]
        counts[severity]++
        if (severity === 'Violation') said += `\n   ${r.focusNode?.term?.value} ${JSON.stringify(r.path?.map(p => p.predicates?.map(x => x.value)))} ${r.message.map(m => m.value).join(' ')}`
      }
    } catch (e) {
      counts.Violation++
      said += `\n   ${e.message}`
    }
    let ok = counts.Violation === 0
    if (expect) {
      const key = Object.keys(expect).find(k => file.endsWith(k))
      const want = expect[key]
      ok = Boolean(want) && (want.shacl ? want.shacl.Violation === counts.Violation && want.triples === triples : counts.Violation > 0)
      if (ok) said = ''
    }
    if (!ok) bad++
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${path.basename(file)}: ${triples} triples, ${counts.Violation} violations, ${counts.Warning} warnings, ${counts.Info} infos${said}`)
  }
  process.exit(bad ? 1 : 0)
}

await main()
