using Interlock.Json;

namespace Interlock.Http.Api;

/// <summary>The schemas of what the API answers, as <see cref="Views"/> writes it.</summary>
internal static class ApiSchemas
{
    public static JsonValue All { get; } = StrictJson.Parse("""
        {
          "Any": {},
          "Problem": { "type": "object", "required": ["type", "status", "title"], "properties": {
            "type": { "type": "string" }, "status": { "type": "integer" }, "title": { "type": "string" }, "detail": { "type": "string" },
            "instance": { "type": "string" }, "stage": { "type": "string" }, "rule": { "type": "string" },
            "findings": { "type": "array", "items": { "$ref": "#/components/schemas/Finding" } }, "readiness": { "$ref": "#/components/schemas/Readiness" } } },
          "Finding": { "type": "object", "properties": {
            "file": { "type": "string" }, "line": { "type": "integer" }, "column": { "type": "integer" }, "pointer": { "type": "string" },
            "severity": { "enum": ["warning", "error"] }, "rule": { "type": "string" }, "message": { "type": "string" } } },
          "Readiness": { "type": "object", "properties": {
            "file": { "type": "string" }, "passed": { "type": "boolean" }, "answers": { "type": "array", "items": { "type": "object", "properties": {
              "id": { "enum": ["gates", "deprecation", "audit", "on-error-on-timeout", "pools"] }, "question": { "type": "string" }, "passed": { "type": "boolean" },
              "evidence": { "type": "array", "items": { "type": "object", "properties": {
                "pointer": { "type": "string" }, "line": { "type": "integer" }, "reason": { "type": "string" }, "failed": { "type": "boolean" } } } } } } },
            "path": { "type": "array", "items": { "$ref": "#/components/schemas/PathStep" } } } },
          "PathStep": { "type": "object", "properties": {
            "name": { "type": "string" }, "pointer": { "type": "string" }, "line": { "type": "integer" }, "does": { "type": "string" },
            "steps": { "type": "array", "items": { "$ref": "#/components/schemas/PathStep" } } } },
          "WorkflowChecked": { "type": "object", "properties": {
            "findings": { "type": "array", "items": { "$ref": "#/components/schemas/Finding" } }, "readiness": { "$ref": "#/components/schemas/Readiness" } } },
          "Run": { "type": "object", "required": ["id", "workflow", "status"], "properties": {
            "id": { "type": "string" },
            "workflow": { "type": "object", "properties": { "name": { "type": "string" }, "version": { "type": "string" }, "digest": { "type": "string" } } },
            "status": { "enum": ["running", "compensating", "completed", "faulted", "cancelled"] }, "suspended": { "type": "boolean" },
            "startedAt": { "type": "string", "format": "date-time" }, "updatedAt": { "type": "string", "format": "date-time" },
            "starter": { "type": "string" }, "trigger": { "type": "string" }, "input": {}, "output": {}, "error": { "$ref": "#/components/schemas/Problem" },
            "pending": { "type": "array", "items": { "type": "object", "properties": { "effect": { "type": "string" }, "frame": { "type": "string" }, "kind": { "type": "string" },
              "target": { "type": "string" }, "deadline": { "type": "string" }, "gate": { "type": "string" }, "title": { "type": "string" }, "dueAt": { "type": "string" } } } },
            "inDoubt": { "type": "array", "items": { "type": "string" } }, "events": { "type": "integer" }, "auditRef": { "type": "string" } } },
          "RunSummary": { "type": "object", "properties": {
            "id": { "type": "string" }, "workflow": { "type": "string" }, "version": { "type": "string" }, "status": { "type": "string" },
            "startedAt": { "type": "string", "format": "date-time" }, "updatedAt": { "type": "string", "format": "date-time" } } },
          "Runs": { "type": "object", "properties": { "runs": { "type": "array", "items": { "$ref": "#/components/schemas/RunSummary" } } } },
          "RunEvents": { "type": "object", "properties": { "events": { "type": "array", "items": { "type": "object" } }, "next": { "type": "integer" } } },
          "Transition": { "type": "object", "properties": {
            "ok": { "type": "boolean" }, "runId": { "type": "string" }, "previousState": { "type": ["string", "null"] }, "currentState": { "type": "string" }, "auditRef": { "type": "string" } } },
          "EventsTaken": { "type": "object", "properties": {
            "runs": { "type": "array", "items": { "type": "object", "properties": { "runId": { "type": "string" }, "workflow": { "type": "string" }, "version": { "type": "string" } } } },
            "duplicates": { "type": "integer" },
            "refused": { "type": "array", "items": { "type": "object", "properties": { "id": { "type": "string" }, "source": { "type": "string" }, "problem": { "$ref": "#/components/schemas/Problem" } } } } } },
          "EventGridHandshake": { "type": "object", "properties": { "validationResponse": { "type": "string" } } },
          "Entry": { "type": "object", "properties": {
            "kind": { "type": "string" }, "name": { "type": "string" }, "version": { "type": "string" },
            "lifecycle": { "enum": ["draft", "active", "deprecated", "disabled", "quarantined"] }, "digest": { "type": "string" },
            "changedBy": { "type": "string" }, "changedAt": { "type": "string", "format": "date-time" }, "successor": { "type": "string" }, "reason": { "type": "string" },
            "owner": { "type": "string" }, "documentDigest": { "type": "string" }, "body": { "type": "object" } } },
          "Proposed": { "type": "object", "properties": { "proposal": { "type": "object", "properties": {
            "id": { "type": "string" }, "link": { "type": "string", "description": "The page on which another administrator decides" }, "digest": { "type": "string" }, "expiresAt": { "type": "string", "format": "date-time" } } } } },
          "ContractDiff": { "type": "object", "properties": {
            "tool": { "type": "string" }, "from": { "type": "string" }, "to": { "type": "string" },
            "changes": { "type": "array", "items": { "type": "object", "properties": { "pointer": { "type": "string" }, "from": { "type": ["string", "null"] }, "to": { "type": ["string", "null"] } } } },
            "input": { "type": "array", "items": { "$ref": "#/components/schemas/SchemaChange" } }, "output": { "type": "array", "items": { "$ref": "#/components/schemas/SchemaChange" } } } },
          "SchemaChange": { "type": "object", "properties": {
            "location": { "type": "string" }, "breaksCallers": { "type": "boolean" }, "breaksResults": { "type": "boolean" }, "explanation": { "type": "string" } } },
          "AgentHistory": { "type": "object", "properties": { "agent": { "type": "string" }, "versions": { "type": "array", "items": { "type": "object", "properties": {
            "version": { "type": "string" }, "lifecycle": { "type": "string" }, "calls": { "type": "integer" }, "failures": { "type": "integer" }, "unknown": { "type": "integer" },
            "success": { "type": ["number", "null"], "description": "Of the calls, the share that completed" }, "meanMs": { "type": ["number", "null"] },
            "inputTokens": { "type": "integer" }, "outputTokens": { "type": "integer" }, "cost": { "type": "number" }, "conversations": { "type": "integer" },
            "choices": { "type": "integer" }, "refused": { "type": "integer" }, "asked": { "type": "integer" }, "overridden": { "type": "integer", "description": "Choices that people rejected or changed" },
            "days": { "type": "array", "items": { "type": "object" } } } } } } },
          "Registry": { "type": "object", "properties": { "epoch": { "type": "integer" }, "entries": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } } } },
          "RouteExplanation": { "type": "object", "properties": {
            "target": { "type": "string" }, "taken": { "type": ["string", "null"] }, "repinnedFrom": { "type": ["string", "null"] }, "refusal": { "$ref": "#/components/schemas/Problem" },
            "candidates": { "type": "array", "items": { "type": "object", "properties": {
              "version": { "type": "string" }, "lifecycle": { "type": "string" }, "taken": { "type": "boolean" }, "why": { "type": "string" } } } },
            "leads": { "type": "array", "description": "Of a capability or a route: the tools that it may lead to", "items": { "type": "object", "properties": {
              "tool": { "type": "string" }, "range": { "type": "string" }, "version": { "type": "string" }, "weight": { "type": "integer" }, "taken": { "type": "boolean" }, "leftOut": { "type": ["string", "null"] } } } },
            "addresses": { "type": "array", "items": { "$ref": "#/components/schemas/Address" } } } },
          "Routes": { "type": "object", "properties": { "routes": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } } } },
          "Locks": { "type": "object", "properties": { "locks": { "type": "array", "items": { "type": "object", "properties": {
            "name": { "type": "string" }, "places": { "type": "integer" }, "held": { "type": "integer" }, "waiting": { "type": "integer" },
            "holders": { "type": "array", "items": { "$ref": "#/components/schemas/LockClaim" } }, "next": { "type": "array", "items": { "$ref": "#/components/schemas/LockClaim" } } } } } } },
          "LockClaim": { "type": "object", "properties": {
            "run": { "type": "string" }, "workflow": { "type": "string" }, "frame": { "type": "string" }, "ticket": { "type": "integer" }, "askedAt": { "type": "string", "format": "date-time" },
            "fence": { "type": "integer" }, "grantedAt": { "type": "string", "format": "date-time" }, "until": { "type": "string", "format": "date-time" } } },
          "Servers": { "type": "object", "properties": { "servers": { "type": "array", "items": { "type": "object", "properties": {
            "name": { "type": "string" }, "version": { "type": "string" }, "available": { "type": "boolean" }, "reason": { "type": "string" },
            "addresses": { "type": "array", "items": { "$ref": "#/components/schemas/Address" } } } } } } },
          "Address": { "type": "object", "properties": {
            "address": { "type": "string" }, "health": { "enum": ["unknown", "up", "down"] }, "checkedAt": { "type": "string", "format": "date-time" },
            "circuit": { "enum": ["closed", "half-open", "open"] }, "outstanding": { "type": "integer" }, "queued": { "type": "integer" }, "passedOver": { "type": "boolean" },
            "lastFailure": { "type": "object", "properties": { "at": { "type": "string", "format": "date-time" }, "title": { "type": "string" }, "detail": { "type": ["string", "null"] } } } } },
          "RegistryChange": { "type": "object", "properties": {
            "epoch": { "type": "integer" }, "entries": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } }, "inFlight": { "type": "array", "items": { "type": "string" } }, "silentProcesses": { "type": "integer" } } },
          "Workflows": { "type": "object", "properties": { "workflows": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } } } },
          "Workflow": { "allOf": [{ "$ref": "#/components/schemas/Entry" }], "properties": { "document": { "type": "object" }, "readiness": { "$ref": "#/components/schemas/Readiness" } } },
          "Policy": { "allOf": [{ "$ref": "#/components/schemas/Entry" }], "properties": { "text": { "type": "string" } } },
          "Gate": { "type": "object", "properties": {
            "id": { "type": "string" }, "run": { "type": "string" }, "workflow": { "type": "string" }, "version": { "type": "string" },
            "title": { "type": "string" }, "description": { "type": "string" }, "approvers": { "type": "array", "items": { "type": "object" } }, "quorum": { "type": "integer" },
            "excludeInitiator": { "type": "boolean" }, "excludeAuthor": { "type": "boolean" }, "initiators": { "type": "array", "items": { "type": "string" } },
            "openedAt": { "type": "string", "format": "date-time" }, "expiresAt": { "type": "string", "format": "date-time" }, "onReject": { "type": "string" }, "onExpiry": { "type": "string" },
            "requirements": { "type": "array", "items": { "type": "object", "properties": {
              "approvers": { "type": "array", "items": { "type": "object" } }, "quorum": { "type": "integer" }, "excludeInitiator": { "type": "boolean" }, "excludeAuthor": { "type": "boolean" } } } },
            "revision": { "type": "integer" },
            "changes": { "type": "array", "items": { "type": "object", "properties": {
              "kind": { "enum": ["edited", "drifted", "reassigned", "delegated", "restored"] }, "by": { "type": "string" }, "at": { "type": "string", "format": "date-time" },
              "revision": { "type": "integer" }, "details": {}, "reason": { "type": "string" } } } },
            "delegations": { "type": "array", "items": { "type": "object", "properties": {
              "from": { "type": "string" }, "to": { "type": "string" }, "since": { "type": "string", "format": "date-time" }, "until": { "type": "string", "format": "date-time" }, "reason": { "type": "string" } } } },
            "informationSchema": {}, "information": {}, "again": { "type": "string" }, "choice": { "enum": ["retry", "skip", "edit", "fail"] },
            "failure": { "type": "object", "properties": {
              "frame": { "type": "string" }, "problem": { "$ref": "#/components/schemas/Problem" }, "options": { "type": "array", "items": { "enum": ["retry", "skip", "edit", "fail"] } } } },
            "shownDigest": { "type": "string" }, "calls": { "type": "array", "items": { "type": "object" } },
            "votes": { "type": "array", "items": { "type": "object", "properties": {
              "by": { "type": "string" }, "name": { "type": "string" }, "as": { "type": "string" }, "for": { "type": "string" }, "approves": { "type": "boolean" }, "stands": { "type": "boolean" },
              "choice": { "type": "string" }, "reason": { "type": "string" }, "at": { "type": "string", "format": "date-time" } } } },
            "outcome": { "enum": ["approved", "rejected", "expired", "withdrawn", "returned"] } } },
          "Rate": { "type": "object", "properties": {
            "workflow": { "type": "string" }, "approver": { "type": "string" }, "asked": { "type": "integer" }, "accepted": { "type": "integer" }, "overridden": { "type": "integer" },
            "edited": { "type": "integer" }, "rejected": { "type": "integer" }, "returned": { "type": "integer" }, "acceptRate": { "type": ["number", "null"] } } },
          "Rates": { "type": "object", "properties": {
            "workflows": { "type": "array", "items": { "$ref": "#/components/schemas/Rate" } }, "approvers": { "type": "array", "items": { "$ref": "#/components/schemas/Rate" } } } },
          "Gates": { "type": "object", "properties": { "approvals": { "type": "array", "items": { "$ref": "#/components/schemas/Gate" } } } },
          "AuditEntries": { "type": "object", "properties": { "entries": { "type": "array", "items": { "type": "object", "properties": {
            "seq": { "type": "integer" }, "prev": { "type": "string" }, "hash": { "type": "string" }, "record": { "type": "object" } } } } } }
        }
        """);
}
