using Interlock.Json;
using Interlock.Json.Schema;

namespace Interlock.Benchmarks;

/// <summary>Validations per second: the answer alone, and with every error explained.</summary>
internal static class SchemaBench
{
    private const int Times = 20_000;
    private const int Compilations = 500;

    private static readonly JsonValue Order = StrictJson.Parse("""
        {"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["id","customer","lines"],"unevaluatedProperties":false,
         "properties":{"id":{"type":"string","pattern":"^order-[0-9]+$"},"status":{"enum":["open","closed","cancelled"]},
          "customer":{"$ref":"#/$defs/customer"},"lines":{"type":"array","minItems":1,"maxItems":100,"items":{"$ref":"#/$defs/line"}}},
         "allOf":[{"if":{"properties":{"status":{"const":"cancelled"}},"required":["status"]},"then":{"required":["reason"],"properties":{"reason":{"type":"string"}}}}],
         "$defs":{
          "customer":{"type":"object","required":["name","email"],"additionalProperties":false,
           "properties":{"name":{"type":"string","minLength":1,"maxLength":200},"email":{"format":"email"},"since":{"format":"date"}}},
          "line":{"type":"object","required":["sku","quantity","price"],
           "properties":{"sku":{"type":"string","maxLength":40},"quantity":{"type":"integer","minimum":1},"price":{"type":"number","minimum":0,"multipleOf":0.01},
            "delivery":{"oneOf":[{"type":"object","properties":{"kind":{"const":"post"}},"required":["kind"]},{"type":"object","properties":{"kind":{"const":"pickup"},"shop":{"type":"string"}},"required":["kind","shop"]}]}}}}}
        """);

    public static IEnumerable<Table> Run()
    {
        var schema = JsonSchema.Compile(Order, JsonSchemaOptions.Asserting);
        var small = Instance(3, "open", 0.25);
        var table = new Table("Schema: an order against a schema of twenty-some keywords, per processor second", "instance", "`IsValid`", "`Validate`", "allocated by `IsValid`");
        Row("valid, 3 lines", small, Times);
        Row("valid, 100 lines", Instance(100, "open", 0.25), Times / 20);
        Row("invalid in 4 places, 3 lines", Instance(3, "cancelled", 0.255), Times);
        yield return table;

        var compiling = new Table("Schema: compiled per processor second", "schema", "per second");
        compiling.Add("the order's", Measure.Text(Compilations / Measure.Seconds(() =>
        {
            for (var i = 0; i < Compilations; i++) JsonSchema.Compile(Order, JsonSchemaOptions.Asserting);
        })));
        yield return compiling;

        void Row(string name, JsonValue instance, int times) => table.Add(
            name, Measure.Text(times / Measure.Seconds(() => Repeat(times, () => schema.IsValid(instance)))),
            Measure.Text(times / Measure.Seconds(() => Repeat(times, () => schema.Validate(instance)))),
            Measure.Bytes(Measure.Allocated(() => schema.IsValid(instance))));
    }

    private static void Repeat(int times, Action action)
    {
        for (var i = 0; i < times; i++) action();
    }

    private static JsonValue Instance(int lines, string status, double price) => JsonValue.Object(
        ("id", "order-17"), ("status", status), ("customer", JsonValue.Object(("name", "Ana"), ("email", "ana@example.com"), ("since", "2020-02-29"))),
        ("lines", JsonValue.Array(Enumerable.Range(0, lines).Select(i => JsonValue.Object(
            ("sku", $"sku-{i}"), ("quantity", i + 1), ("price", price), ("delivery", JsonValue.Object(("kind", "pickup"), ("shop", "north"))))))));
}
