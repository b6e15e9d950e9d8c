// Enrols the device of the example in TypeScript and approves the next login: drive.mjs MODULE SERVICE CODE
const [module, service, code] = process.argv.slice(2);
const { Device, DeviceError } = await import(module);

const refused = await Device.enrol(service, "ZZZZ-ZZZZ-ZZZZ", { name: "wrong" }).catch((error) => error);
if (!(refused instanceof DeviceError && refused.status === 404)) throw refused;

const device = await Device.enrol(service, code, { name: "typescript", languages: ["en"], pin: "2468" });
if ((await device.logins()).length > 0) throw new Error("a login waits already");
console.log("enrolled");
for await (const event of device.events()) {
  if (event.state !== "arrived") continue;
  const login = await device.login(event.id);
  const wrong = await device.decide("approve", login, { pin: "1357" }).catch((error) => error);
  if (!(wrong instanceof DeviceError && wrong.problem.attempts_left > 0)) throw wrong;
  const receipt = await device.decide("approve", login, { pin: "2468" });
  console.log(JSON.stringify({ shown: login.consent.scopes.map((scope) => scope.name), receipt }));
  process.exit(0);
}
