/**
 * Judges requests by the models of the services themselves, which botocore has: whether each is one of their operations,
 * with parameters of the right names, types, lengths, patterns and values.
 */
import { execFileSync } from 'node:child_process'
import type { Recorded } from './moto'

/** Requests of every protocol become parameters by the parsers of moto, and botocore judges those. */
const program = String.raw`
import base64, json, re, sys
from urllib.parse import parse_qsl, unquote, urlsplit
import botocore.loaders
from botocore.validate import ParamValidator
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from werkzeug.datastructures import MultiDict

NAMES = {'bedrock-agentcore': 'bedrock-agentcore-control'}
loader = botocore.loaders.Loader()
models = {}
def model_of(service):
    name = NAMES.get(service, service)
    if name not in models: models[name] = ServiceModel(loader.load_service_model(name, 'service-2'), name)
    return models[name]

class Headers(dict):
    def __contains__(self, name): return dict.__contains__(self, name.lower())
    def __getitem__(self, name): return dict.__getitem__(self, name.lower())

def template_of(operation):
    """The path of an operation as an expression, and the query that is part of its name."""
    path, _, query = operation.http['requestUri'].partition('?')
    path = re.sub(r'\{(\w+)\+\}', r'(?P<\1>.+)', re.sub(r'\{(\w+)\}', r'(?P<\1>[^/]+)', path))
    return re.compile('^' + path.rstrip('/') + '/?$'), [key for key, _ in parse_qsl(query, keep_blank_values=True)]

def operation_of(model, request):
    """The operation, and the parameters of its path."""
    headers, url = request['headers'], urlsplit(request['path'])
    if model.metadata['protocol'] == 'json':
        return headers.get('x-amz-target', '').split('.')[-1], {}
    if model.metadata['protocol'] == 'query':
        return dict(parse_qsl(request['text'])).get('Action', ''), {}
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    found = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http['method'] != request['method']: continue
        path, keys = template_of(operation)
        match = path.match(url.path)
        if match and all(key in query for key in keys): found.append((len(keys), name, match.groupdict()))
    if not found: return '', {}
    most = max(rank for rank, _, _ in found)
    best = [(name, params) for rank, name, params in found if rank == most]
    named = query.get('x-id')
    return next(((name, params) for name, params in best if name == named), best[0])

def unknown(shape, value, at, faults):
    """Names in JSON that the model does not have."""
    if value is None: return
    if shape.type_name == 'structure' and isinstance(value, dict):
        names = {member.serialization.get('name', name): member for name, member in shape.members.items()}
        for name, inner in value.items():
            if name in names: unknown(names[name], inner, at + '.' + name, faults)
            else: faults.append(at + '.' + name + ' is unknown')
    elif shape.type_name == 'list' and isinstance(value, list):
        for inner in value: unknown(shape.member, inner, at + '[]', faults)

def patterns(shape, value, at, faults):
    if shape.type_name == 'structure':
        for name, inner in value.items(): patterns(shape.members[name], inner, at + '.' + name, faults)
    elif shape.type_name == 'list':
        for inner in value: patterns(shape.member, inner, at + '[]', faults)
    elif shape.type_name == 'map':
        for inner in value.values(): patterns(shape.value, inner, at + '{}', faults)
    elif shape.type_name == 'string':
        pattern = shape.metadata.get('pattern')
        # The models are written for Java, whose classes of characters have names.
        if pattern and '\\p{' not in pattern and not re.fullmatch(pattern, value): faults.append(at + ': ' + value + ' does not match ' + pattern)
        if shape.enum and value not in shape.enum: faults.append(at + ': ' + value + ' is not one of ' + str(shape.enum))

def form_names(shape, value, prefix):
    """The names that a form of the query protocol has for parameters."""
    if shape.type_name == 'structure':
        return [name for key, inner in value.items() for name in form_names(shape.members[key], inner, (prefix + '.' if prefix else '') + shape.members[key].serialization.get('name', key))]
    if shape.type_name == 'list':
        if not value: return [prefix]
        member = '' if shape.is_flattened else '.' + shape.member.serialization.get('name', 'member')
        return [name for at, inner in enumerate(value) for name in form_names(shape.member, inner, prefix + member + '.' + str(at + 1))]
    return [prefix]

def judge(request):
    faults = []
    request['text'] = base64.b64decode(request['body']).decode('utf8', 'replace')
    request['headers'] = Headers({name.lower(): value for name, value in request['headers'].items()})
    model = model_of(request['service'])
    name, params = operation_of(model, request)
    if name not in model.operation_names: return request['service'] + ' has no operation ' + (name or request['method'] + ' ' + request['path']), []
    at = request['service'] + ':' + name
    operation = model.operation_model(name)
    shape = operation.input_shape
    if shape is None: return at, faults
    protocol = model.metadata['protocol']
    url = urlsplit(request['path'])
    values = MultiDict(parse_qsl(request['text'] if protocol == 'query' else url.query, keep_blank_values=True))
    is_blob = shape.serialization.get('payload') and shape.members[shape.serialization['payload']].type_name == 'blob'
    given = PROTOCOL_PARSERS[protocol](operation).parse({
        'values': values, 'headers': request['headers'], 'url_params': params,
        'body': '' if is_blob else request['text'], 'method': request['method'], 'url': request['path'],
    })
    if protocol in ('json', 'rest-json') and request['text']: unknown(shape, json.loads(request['text']), at, faults)
    if protocol == 'query':
        known = set(form_names(shape, given, '')) | {'Action', 'Version'}
        faults.extend(at + '.' + key + ' is unknown' for key in values if key not in known)
    if protocol == 'rest-xml':
        headers = {member.serialization.get('name', key).lower() for key, member in shape.members.items() if member.serialization.get('location') == 'header'}
        ours = re.compile('^x-amz-(date|content-sha256|user-agent|security-token|decoded-content-length|trailer|checksum-mode|sdk-checksum-algorithm)$')
        if operation.http_checksum: ours = re.compile(ours.pattern + '|^x-amz-checksum-[a-z0-9]+$')
        faults.extend(at + ': the header ' + key + ' is unknown' for key in request['headers'] if key.startswith('x-amz-') and key not in headers and not ours.match(key))
    report = ParamValidator().validate(given, shape)
    if report.has_errors(): faults.append(at + ': ' + report.generate_report())
    else: patterns(shape, given, at, faults)
    return at, faults

operations, faults = set(), []
for request in json.load(sys.stdin):
    name, found = judge(request)
    if ' has no operation ' in name: faults.append(name)
    else: operations.add(name)
    faults.extend(found)
print(json.dumps({'operations': sorted(operations), 'faults': faults}))
`

/** What was judged, as `ecr:CreateRepository`, and what is wrong. */
export interface Verdict {
  readonly operations: ReadonlyArray<string>
  readonly faults: ReadonlyArray<string>
}

/** Judges requests. */
export const judge = (requests: ReadonlyArray<Recorded>): Verdict =>
  JSON.parse(
    execFileSync('python3', ['-c', program], {
      input: JSON.stringify(
        requests.map(({ service, method, path, headers, body }) => ({
          service,
          method,
          path,
          headers,
          body: Buffer.from(body).toString('base64'),
        })),
      ),
      encoding: 'utf8',
      maxBuffer: 1e8,
    }),
  ) as Verdict
